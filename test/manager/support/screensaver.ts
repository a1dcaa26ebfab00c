import type { TestContext } from 'node:test';
import { Service } from './service.js';

/** A screensaver as the desktops have them. */
export class TestScreensaver {
  private constructor(
    readonly service: Service,
    private readonly name: string,
    private readonly path: string,
  ) {}

  /** @param name its name on the bus, and that of its interface */
  static async start(t: TestContext, address: string, active: boolean, name = 'org.gnome.ScreenSaver') {
    const service = await Service.start(t, address);
    const screensaver = new TestScreensaver(service, name, `/${name.replaceAll('.', '/')}`);
    await screensaver.answers('b', [active]);
    await service.tell({ do: 'own', name });
    return screensaver;
  }

  /** What `GetActive` is answered with from now on. */
  answers(signature: string, body: readonly unknown[]): Promise<void> {
    const call = { path: this.path, interface: this.name, member: 'GetActive' };
    return this.service.tell({ do: 'answer', ...call, signature, body });
  }

  /** Starts or ends saving the screen, and says so. */
  async becomes(active: boolean): Promise<void> {
    await this.answers('b', [active]);
    await this.signals('b', [active]);
  }

  signals(signature: string, body: readonly unknown[]): Promise<void> {
    const signal = { path: this.path, interface: this.name, member: 'ActiveChanged' };
    return this.service.tell({ do: 'signal', ...signal, signature, body });
  }
}
