import { autocompletion } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { schemaCompletion } from '../flows/flow-completions.ts';
import type { Schema } from '../flows/flow-schema.rules.ts';
import { readText } from '../flows/flow-text.rules.ts';
import styles from './code-field.module.css';
import { editing } from './code-look.ts';

interface CodeEditorProps {
  label: string;
  value: string;
  /** What its names and values are completed from. */
  schema: Schema;
  onChange: (value: string) => void;
}

function diagnosticsOf(text: string): Diagnostic[] {
  if (text.trim() === '') return [];
  const read = readText(text, 'json');
  if (!('problem' in read)) return [];
  const { from, to } = read.range;
  const end = Math.min(text.length, Math.max(from, to));
  return [{ from: Math.min(from, end), to: end, severity: 'warning', message: read.problem }];
}

/** JSON in CodeMirror, in a shadow root for the same reason as the text of flows (decision 0242). Tab leaves it. */
export function CodeEditor(props: CodeEditorProps) {
  const { value } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!host.current) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    view.current = editorIn(root, latest);
    return () => view.current?.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={host} className={styles.code} />;
}

function editorIn(root: ShadowRoot, latest: { current: CodeEditorProps }): EditorView {
  const listener = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    const text = update.state.doc.toString();
    if (text !== latest.current.value) latest.current.onChange(text);
    update.view.dispatch(setDiagnostics(update.state, diagnosticsOf(text)));
  });
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: latest.current.value,
      extensions: [
        ...editing(latest.current.label),
        json(),
        autocompletion({ override: [(context) => schemaCompletion(context, latest.current.schema)] }),
        listener,
      ],
    }),
  });
}
