import { useEffect, useState } from "react";
import { onAnnounce } from "./announce";

/** The live region: there from the start, so that screen readers watch it. */
export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => onAnnounce(setText), []);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {text}
    </div>
  );
}
