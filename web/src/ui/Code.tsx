import { CopyButton } from "./Copy";

/** Lines to be taken somewhere else, as they are, under the name of where they go. */
export function Code({ title, text }: { title: string; text: string }) {
  return (
    <figure className="min-w-0 overflow-hidden rounded-md border border-line">
      <figcaption className="flex min-h-8 items-center justify-between gap-2 border-b border-line bg-raised pr-1 pl-3">
        <code className="min-w-0 truncate font-mono text-12">{title}</code>
        <CopyButton text={text} aria-label={`Copy the lines for ${title}`} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <pre tabIndex={0} className="max-h-72 overflow-auto bg-screen px-3 py-2 font-mono text-12">
        {text.trimEnd()}
      </pre>
    </figure>
  );
}
