import { autocompletion } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { Annotation, Compartment, EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { FieldError } from '../api/api-error.ts';
import { editing } from '../design/code-look.ts';
import { flowCompletions } from './flow-completions.ts';
import type { FlowDocument } from './flow-document.rules.ts';
import type { Schema } from './flow-schema.rules.ts';
import { rangeOf, type ReadText, readText, type TextFormat } from './flow-text.rules.ts';
import { keptText, mergedText } from './flow-text-merge.rules.ts';
import styles from './flows.module.css';

interface CodePaneProps {
  flowId: string;
  /** Changes whenever the flow was saved. */
  saved: string | null;
  document: FlowDocument;
  format: TextFormat;
  schema: Schema;
  problems: readonly FieldError[];
  isReadOnly: boolean;
  /** What was typed, read; also when it cannot be. */
  onText: (read: ReadText) => void;
}

/** The API keeps what a flow means. What was written around it (comments, order, quotes) is kept in this browser. */
const keptUnder = (flowId: string): string => `sluice.flow-text.${flowId}`;
const MOST_KEPT_CHARACTERS = 100_000;

function keep(flowId: string, text: string): void {
  try {
    if (text.includes('#') && text.length <= MOST_KEPT_CHARACTERS) localStorage.setItem(keptUnder(flowId), text);
    else localStorage.removeItem(keptUnder(flowId));
  } catch {
    // No room or not allowed: the flow itself is saved, its comments live as long as this screen.
  }
}

/** Marks changes that come from the picture: they are not read back. */
const fromOutside = Annotation.define<true>();

const languageOf = (format: TextFormat) => (format === 'json' ? json() : yaml());

function diagnosticsOf(text: string, problems: readonly FieldError[]): Diagnostic[] {
  return problems.map(({ pointer, message }) => {
    const { from, to } = rangeOf(text, pointer);
    const end = Math.min(text.length, Math.max(from, to));
    return { from: Math.min(from, text.length), to: end, severity: 'error', message: `${pointer || '/'}: ${message}` };
  });
}

/**
 * The flow as text, in CodeMirror. It lives in a shadow root: its styles are adopted sheets there, which the Content
 * Security Policy of the console allows, while `<style>` elements are not.
 */
export function CodePane(props: CodePaneProps) {
  const { document, format, problems, isReadOnly, flowId, saved } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  const shown = useRef<FlowDocument | null>(null);

  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!host.current) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    view.current = editorIn(root, latest, shown);
    return () => view.current?.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    editor.dispatch({
      effects: [
        language.reconfigure(languageOf(format)),
        access.reconfigure([
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({ 'aria-readonly': String(isReadOnly) }),
        ]),
      ],
    });
    shown.current = null;
  }, [format, isReadOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || shown.current === document) return;
    const isFirst = shown.current === null;
    shown.current = document;
    const now = editor.state.doc.toString();
    const insert = isFirst
      ? keptText(localStorage.getItem(keptUnder(flowId)), document, format)
      : mergedText(now, document, format);
    if (insert === now) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert }, annotations: fromOutside.of(true) });
  }, [document, format, flowId]);

  const savedAs = useRef(saved);
  useEffect(() => {
    if (savedAs.current === saved) return;
    savedAs.current = saved;
    if (view.current && format === 'yaml') keep(flowId, view.current.state.doc.toString());
  }, [saved, flowId, format]);

  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state.doc.toString(), problems)));
  }, [problems]);

  return <div ref={host} className={styles.code} data-testid="flow-text" />;
}

const language = new Compartment();
const access = new Compartment();

function editorIn(
  root: ShadowRoot,
  latest: { current: CodePaneProps },
  shown: { current: FlowDocument | null },
): EditorView {
  const listener = EditorView.updateListener.of((update) => {
    if (!update.docChanged || update.transactions.some((each) => each.annotation(fromOutside))) return;
    const read = readText(update.state.doc.toString(), latest.current.format);
    // What was typed is not written over by what it was read as.
    if ('document' in read) shown.current = read.document;
    latest.current.onText(read);
  });
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: '',
      extensions: [
        ...editing('The flow as text'),
        language.of(languageOf(latest.current.format)),
        access.of([]),
        autocompletion({ override: [flowCompletions(() => latest.current.schema)] }),
        listener,
      ],
    }),
  });
}
