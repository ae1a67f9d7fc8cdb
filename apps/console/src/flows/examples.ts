import { type FlowDocument, isObject } from './flow-document.rules.ts';

/** The flows of `examples/`, which CI runs; each is a file of its own that is loaded when it is chosen. */
const FILES = import.meta.glob('../../../../examples/*.json', { import: 'default' });

export interface Example {
  file: string;
  /** `order-with-compensation` as people read it. */
  label: string;
  load: () => Promise<FlowDocument>;
}

export const EXAMPLES: readonly Example[] = Object.entries(FILES).map(([path, load]) => {
  const file = path.slice(path.lastIndexOf('/') + 1, -'.json'.length);
  const label = file.replaceAll('-', ' ');
  return {
    file,
    label: label.charAt(0).toUpperCase() + label.slice(1),
    load: async () => {
      const flow = await load();
      if (!isObject(flow)) throw new Error(`the example ${file} cannot be read`);
      return flow;
    },
  };
});
