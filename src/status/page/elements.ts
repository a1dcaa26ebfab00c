/** Everything that comes from a Worker enters the page here, and as text: names of Jobs are their owners' to choose. */

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the document has no #${id}`);
  return found;
}

/** An element with a class and, if any, a text. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  text = '',
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

/** An element of SVG with these attributes. */
export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Leaves the document alone where it says so already: selections stay, and nothing is laid out anew. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** A bar that is full at 1. */
export class Bar {
  readonly element = element('span', 'bar');
  readonly #fill = element('span', '');

  constructor(label: string) {
    this.element.append(this.#fill);
    this.element.setAttribute('role', 'progressbar');
    this.element.setAttribute('aria-label', label);
    this.element.setAttribute('aria-valuemin', '0');
    this.element.setAttribute('aria-valuemax', '100');
  }

  set(part: number): void {
    const shown = Math.min(1, Math.max(0, part));
    this.#fill.style.setProperty('--part', shown.toFixed(3));
    this.element.setAttribute('aria-valuenow', String(Math.round(shown * 100)));
  }
}

/** A list whose rows are kept as long as what they show is there, in the order in which it comes. */
export class KeyedList<Item> {
  readonly #rows = new Map<string, { element: HTMLElement; show(item: Item): void }>();

  constructor(
    private readonly list: HTMLElement,
    private readonly keyOf: (item: Item) => string,
    private readonly make: (item: Item) => { element: HTMLElement; show(item: Item): void },
  ) {}

  show(items: readonly Item[]): void {
    const gone = new Set(this.#rows.keys());
    items.forEach((item, index) => {
      const key = this.keyOf(item);
      gone.delete(key);
      let row = this.#rows.get(key);
      if (row === undefined) this.#rows.set(key, (row = this.make(item)));
      row.show(item);
      const present = this.list.children[index];
      if (present !== row.element) this.list.insertBefore(row.element, present ?? null);
    });
    for (const key of gone) {
      this.#rows.get(key)?.element.remove();
      this.#rows.delete(key);
    }
  }
}
