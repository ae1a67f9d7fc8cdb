import { type SaxesAttributePlain, SaxesParser } from 'saxes';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { BodyProblem } from './body-problem.ts';
import { requireUtf8 } from './content-type.ts';
import { textOf } from './json-body.ts';

/** What an XML element becomes: text, nothing, or its attributes (`@name`), children and text (`#text`). */
export type XmlValue = string | null | { [name: string]: XmlValue | XmlValue[] };

const LONGEST_REASON = 160;

/** An element whose end has not come yet. */
interface OpenElement {
  name: string;
  /** A map, because an element may be called `__proto__`. */
  members: Map<string, XmlValue | XmlValue[]>;
  text: string;
}

function add(members: OpenElement['members'], name: string, value: XmlValue): void {
  const before = members.get(name);
  if (before === undefined) members.set(name, value);
  else if (Array.isArray(before)) before.push(value);
  else members.set(name, [before, value]);
}

function valueOf({ members, text }: OpenElement): XmlValue {
  const trimmed = text.trim();
  if (members.size === 0) return trimmed === '' ? null : trimmed;
  if (trimmed !== '') members.set('#text', trimmed);
  return Object.fromEntries(members);
}

/** Builds the value while the parser reads; what is refused is refused before anything is built from it. */
class XmlReading {
  readonly root: OpenElement['members'] = new Map();
  readonly #open: OpenElement[] = [];
  #nodes = 0;

  constructor(private readonly limits: BodyLimits) {}

  begin(name: string): void {
    if (this.#open.length >= this.limits.maxDepth) {
      throw new BodyProblem('too_deep', `The XML is nested more than ${this.limits.maxDepth} levels deep.`);
    }
    this.#count();
    this.#open.push({ name, members: new Map(), text: '' });
  }

  attribute(name: string, value: string): void {
    this.#count();
    this.#open.at(-1)?.members.set(`@${name}`, value);
  }

  text(text: string): void {
    const element = this.#open.at(-1);
    if (element) element.text += text;
  }

  end(): void {
    const element = this.#open.pop();
    if (element) add(this.#open.at(-1)?.members ?? this.root, element.name, valueOf(element));
  }

  #count(): void {
    if (++this.#nodes > this.limits.maxKeys) {
      throw new BodyProblem('too_many_keys', `The XML has more than ${this.limits.maxKeys} elements and attributes.`);
    }
  }
}

function parserFor(reading: XmlReading): SaxesParser<object> {
  // Namespaces are not resolved: prefixes stay part of the names, and `@xmlns` shows what they stand for.
  const parser = new SaxesParser<object>({ position: true });
  parser.on('error', (error) => {
    throw new BodyProblem(
      'malformed_xml',
      `The body is not well-formed XML: ${error.message.slice(0, LONGEST_REASON)}`,
    );
  });
  parser.on('doctype', () => {
    throw new BodyProblem('malformed_xml', 'A DOCTYPE is not allowed.');
  });
  parser.on('opentagstart', (tag) => reading.begin(tag.name));
  parser.on('attribute', ({ name, value }: SaxesAttributePlain) => reading.attribute(name, value));
  parser.on('text', (text) => reading.text(text));
  parser.on('cdata', (text) => reading.text(text));
  parser.on('closetag', () => reading.end());
  return parser;
}

/**
 * Parses XML 1.0 to plain data, as Python's xmltodict does: the root is kept, an element of nothing but text becomes
 * that text, an empty one null, attributes are `@name`, text beside them `#text`, repeated elements arrays. White
 * space around text, comments and processing instructions are left out. The parser knows no entities but the five
 * predefined ones and character references, a DOCTYPE is refused, and nothing is ever loaded.
 * @throws BodyProblem `malformed_xml` | `too_deep` | `too_many_keys` | `invalid_utf8` | `unsupported_charset`
 */
export function parseXml(bytes: Buffer, limits: BodyLimits = DEFAULT_BODY_LIMITS): Record<string, unknown> {
  const text = textOf(bytes);
  const reading = new XmlReading(limits);
  const parser = parserFor(reading);
  parser.on('xmldecl', ({ encoding }) => requireUtf8(encoding, bytes));
  parser.write(text).close();
  return Object.fromEntries(reading.root);
}
