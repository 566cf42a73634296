import type { Text } from "@codemirror/state";
import { CompareView } from "./CompareView";
import type { OpenDocument } from "./document";
import type { DocumentView } from "./documentView";

const NAMES = { original: "The machine’s", own: "Yours", over: "the machine’s" };
const WORDS = { take: "Take theirs", keep: "Keep mine" };

/** The machine's version on the left, to be looked at; one's own on the right, to be made into what is saved. */
export default function MergePane({
  file,
  view,
  theirs,
}: {
  file: OpenDocument;
  view: DocumentView;
  theirs: Text;
}) {
  return <CompareView file={file} view={view} original={theirs} names={NAMES} words={WORDS} />;
}
