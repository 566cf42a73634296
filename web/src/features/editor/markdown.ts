/**
 * Markdown as it will be read. What a machine wrote is not trusted: it is cleaned, runs nothing, and asks nobody but our
 * own origin for pictures.
 */
import { classHighlighter, highlightCode } from "@lezer/highlight";
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { contentsUrl } from "@/queries/contents";
import { languageCalled } from "./language";
import { slugOf, type Target, targetOf } from "./links";
import { baseName } from "./tabs";

const marked = new Marked({ gfm: true });

/** What may stand in a text: no styles, no forms, nothing embedded. */
const ALLOWED = {
  RETURN_DOM_FRAGMENT: true as const,
  FORBID_TAGS: ["style", "form", "button", "textarea", "select", "iframe", "video", "audio", "svg", "math"],
  FORBID_ATTR: ["style", "srcset", "class", "id", "name", "background", "action", "formaction"],
  ALLOW_DATA_ATTR: false,
};

export interface Shown {
  projectId: string;
  path: string;
  /** A link to another file was pressed. */
  open: (path: string) => void;
}

export function rendered(text: string, shown: Shown): DocumentFragment {
  const fragment = DOMPurify.sanitize(html(text), ALLOWED);
  for (const image of fragment.querySelectorAll("img")) placeImage(image, shown);
  for (const link of fragment.querySelectorAll("a")) placeLink(link, shown);
  for (const input of fragment.querySelectorAll("input")) placeBox(input);
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    heading.id = `md-${slugOf(heading.textContent ?? "")}`;
  }
  for (const block of fragment.querySelectorAll("pre")) block.tabIndex = 0;
  return fragment;
}

/** The language of a block is in a class, which is not let through; a title says it as well. */
function html(text: string): string {
  const body = text.replace(/^---\r?\n([\s\S]*?)\r?\n---\r?\n/, "```yaml\n$1\n```\n");
  const made = marked.parse(body, { async: false });
  return made.replaceAll(/<code class="language-([\w+#.-]+)">/g, '<code title="$1">');
}

function placeImage(image: HTMLImageElement, { projectId, path }: Shown): void {
  const target = targetOf(image.getAttribute("src") ?? "", path);
  image.removeAttribute("src");
  image.loading = "lazy";
  // Without words of its own a picture is told by its name.
  if (!image.alt && target.kind === "file") image.alt = baseName(target.path);
  if (target.kind === "file") image.src = contentsUrl(projectId, target.path);
  else if (target.kind === "data") image.src = target.url;
  else image.replaceWith(named(image, target));
}

/** A picture from elsewhere would tell its owner who reads this; its address is shown instead. */
function named(image: HTMLImageElement, target: Target): Node {
  const words = image.alt || "picture";
  if (target.kind !== "away") return document.createTextNode(words);
  const link = document.createElement("a");
  link.textContent = `${words} (on another site)`;
  link.href = target.url;
  return link;
}

function placeLink(link: HTMLAnchorElement, { path, open }: Shown): void {
  const target = targetOf(link.getAttribute("href") ?? "", path);
  link.removeAttribute("target");
  if (target.kind === "away") {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return;
  }
  link.removeAttribute("href");
  if (target.kind === "none" || target.kind === "data") return;
  link.href = `#${"hash" in target ? target.hash : ""}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (target.kind === "file") open(target.path);
    else document.getElementById(`md-${slugOf(target.hash)}`)?.scrollIntoView({ block: "start" });
  });
}

/** The boxes of a task list are to be read; nothing else is an input. */
function placeBox(input: HTMLInputElement): void {
  if (input.type !== "checkbox") input.remove();
  input.disabled = true;
  input.setAttribute("aria-label", input.checked ? "Done" : "Not done");
}

/** Colours the blocks of code that name their language, each as its language is there. */
export async function colour(place: ParentNode): Promise<void> {
  for (const code of place.querySelectorAll<HTMLElement>("pre > code[title]")) {
    const language = languageCalled(code.title);
    code.removeAttribute("title");
    const support = await language?.load().catch(() => null);
    if (!support) continue;
    const text = code.textContent ?? "";
    code.textContent = "";
    const put = (piece: string, classes: string): void => {
      const span = document.createElement("span");
      span.className = classes;
      span.textContent = piece;
      code.append(span);
    };
    highlightCode(text, support.language.parser.parse(text), classHighlighter, put, () => code.append("\n"));
  }
}
