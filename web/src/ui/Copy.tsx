import { useState } from "react";
import { announce } from "./announce";
import { Button, type ButtonProps } from "./Button";
import { Icon } from "./Icon";

/** Puts text on the clipboard and says so. */
export function CopyButton({
  text,
  label = "Copy",
  ...rest
}: { text: string; label?: string } & ButtonProps) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    setCopied(done);
    announce(done ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <Button
      kind="quiet"
      size="small"
      {...rest}
      onClick={copy}
      icon={<Icon name={copied ? "check" : "copy"} />}
    >
      {copied ? "Copied" : label}
    </Button>
  );
}

/** True when the text is on the clipboard. Plain http on another computer has no clipboard API. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
