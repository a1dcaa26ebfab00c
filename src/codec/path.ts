/** One step from a value to something within it: an array index, a property name, or as it reads. */
export type Step = number | string | { readonly text: string };

/** A longer path helps nobody. */
const MOST_STEPS = 50;

/** Steps as a person would write them: `value.items[3].onClick`, `value.get("a")`. */
export function pathText(steps: readonly Step[]): string {
  let text = 'value';
  const shown = steps.length > MOST_STEPS ? [...steps.slice(0, MOST_STEPS), { text: ' …' }] : steps;
  for (const step of shown) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (typeof step === 'object') text += step.text;
    else
      text += /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** The step to the entry of a Map; `index` counts entries from 0. */
export function entryStep(key: unknown, index: number): Step {
  const named = typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean';
  return { text: named ? `.get(${JSON.stringify(key)})` : `.get(key ${index})` };
}
