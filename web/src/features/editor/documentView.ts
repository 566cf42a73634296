/** What an open file says of itself to the page. */
import type { Text } from "@codemirror/state";
import type { Indent } from "./indent";
import type { State } from "./standing";
import { type Form, NEW_FORM } from "./text";

export type Phase = "loading" | "text" | "binary" | "large" | "missing" | "failed";

/** A version of the machine that is not in the text; the text is null when it is no text that could be edited. */
export interface Theirs {
  etag: string;
  text: Text | null;
}

export interface DocumentView {
  phase: Phase;
  /** Why it could not be read. */
  error: unknown;
  /** Of the file in the machine: bytes, media type, version, time. */
  size: number;
  type: string;
  etag: string | null;
  modified: string;
  state: State;
  dirty: boolean;
  theirs: Theirs | null;
  /** Why the last save did not come about. */
  refusal: unknown;
  /** It will be saved as soon as the machine can be reached. */
  waiting: boolean;
  form: Form;
  language: string;
  indent: Indent;
  /** The text was not saved when this page was last left. */
  recovered: boolean;
}

export const AT_FIRST: DocumentView = {
  phase: "loading",
  error: null,
  size: 0,
  type: "",
  etag: null,
  modified: "",
  state: "clean",
  dirty: false,
  theirs: null,
  refusal: null,
  waiting: false,
  form: NEW_FORM,
  language: "Plain text",
  indent: "  ",
  recovered: false,
};
