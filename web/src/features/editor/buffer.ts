/** The text of one open file in an editor that comes and goes: text, cursor and history stay here in between. */
import { openSearchPanel } from "@codemirror/search";
import { EditorState, type Text, type TransactionSpec } from "@codemirror/state";
import type { EditorView, KeyBinding, ViewUpdate } from "@codemirror/view";
import type { Indent } from "./indent";
import { languageOf } from "./language";
import { extensions, slots } from "./setup";
import { baseName } from "./tabs";

export interface BufferOptions {
  label: string;
  keys: readonly KeyBinding[];
  /** After every change of the text, by whomever. */
  typed: () => void;
}

export class Buffer {
  /** Where an editor that comes back is to scroll to. */
  scroll: ReturnType<EditorView["scrollSnapshot"]> | null = null;
  #state = EditorState.create();
  #shown: EditorView | null = null;
  #indent: Indent = "  ";
  readonly #watchers = new Set<(update: ViewUpdate) => void>();

  constructor(private readonly options: BufferOptions) {}

  /** Begins anew with a text; what was done before cannot be undone. */
  start(doc: Text, indent: Indent): void {
    this.#indent = indent;
    this.#state = EditorState.create({ doc, extensions: this.#extensions() });
    this.#shown?.setState(this.#state);
  }

  #extensions(past?: EditorState) {
    const { label, keys } = this.options;
    return extensions({ label, keys, updated: (update) => this.#updated(update) }, this.#indent, past);
  }

  get state(): EditorState {
    return this.#shown?.state ?? this.#state;
  }

  get doc(): Text {
    return this.state.doc;
  }

  /** Changes the editor, whether it is on the page or not. */
  apply(spec: TransactionSpec): void {
    if (this.#shown) {
      this.#shown.dispatch(spec);
      return;
    }
    const transaction = this.#state.update(spec);
    this.#state = transaction.state;
    if (transaction.docChanged) this.options.typed();
  }

  /** Puts one text in the place of all there is, as one step that can be undone. */
  replace(doc: Text): void {
    this.apply({ changes: { from: 0, to: this.doc.length, insert: doc }, userEvent: "reload" });
  }

  /** An editor on the page has the text from now on. */
  attach(view: EditorView): void {
    this.#shown = view;
  }

  /** Opens the find panel of the editor on the page. */
  find(): void {
    if (this.#shown) openSearchPanel(this.#shown);
  }

  /** The editor leaves the page. */
  detach(view: EditorView): void {
    if (this.#shown !== view) return;
    this.#shown = null;
    this.scroll = view.scrollSnapshot();
    this.#state = this.#bare(view.state);
  }

  /** A state without what the page had added to it. */
  #bare(state: EditorState): EditorState {
    const { doc, selection } = state;
    const next = EditorState.create({ doc, selection, extensions: this.#extensions(state) });
    const language = slots.language.get(state) ?? [];
    return next.update({ effects: slots.language.reconfigure(language) }).state;
  }

  /** What an editor of another kind needs to go on with this text and its history. */
  handOver(): { doc: Text; selection: EditorState["selection"]; extensions: ReturnType<typeof extensions> } {
    const { doc, selection } = this.state;
    return { doc, selection, extensions: this.#extensions(this.state) };
  }

  /** What the language slot holds, for an editor that goes on. */
  get language() {
    return slots.language.get(this.state) ?? [];
  }

  /** Every update of the editor, a moved cursor too. */
  onUpdate(listener: (update: ViewUpdate) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #updated(update: ViewUpdate): void {
    if (update.docChanged) this.options.typed();
    for (const listener of this.#watchers) listener(update);
  }

  /** Loads the language of a file of this name, and answers how it is called. */
  speak(path: string): string {
    const language = languageOf(baseName(path), this.doc.line(1).text);
    void language?.load().then(
      (support) => this.apply({ effects: slots.language.reconfigure(support) }),
      // Without its colours a text is as good to edit.
      () => undefined,
    );
    return language?.name ?? "Plain text";
  }
}
