import type { VulkanDriver } from '../gpu/index.js';
import type { ProfileName } from './profile-name.js';

type DriverNames = Pick<VulkanDriver, 'manifest' | 'library'>;

/** What the drivers of a machine need; the CPU's is always there. */
export function profilesOf(drivers: readonly DriverNames[]): readonly ProfileName[] {
  return [...new Set<ProfileName>(['cpu', ...drivers.map(profileOf)])];
}

function profileOf({ manifest, library }: DriverNames): ProfileName {
  const names = `${manifest} ${library}`;
  if (/nvidia|libGLX_nvidia/i.test(names)) return 'nvidia';
  // Rasterisers on the CPU: SwiftShader, and Mesa's lavapipe, which opens no device either.
  if (/swiftshader|lvp|lavapipe/i.test(names)) return 'software-gpu';
  return 'mesa';
}
