import { useState } from "react";
import type { CreatedAgentToken } from "@/api/types";
import { Button } from "@/ui/Button";
import { Code } from "@/ui/Code";
import { CopyButton } from "@/ui/Copy";
import { Dialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { ShapeMark } from "@/ui/StateMark";
import { fileName, saveText } from "./names";

interface PrivateKeyProps {
  made: CreatedAgentToken;
  secret: string;
  /** The path that the ssh configuration names. */
  file: string;
  close: () => void;
}

/** The only time a private key is seen: it is not left before it was taken, unless that is meant. */
export function PrivateKey({ made, secret, file, close }: PrivateKeyProps) {
  const [taken, setTaken] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const name = fileName(file);
  const leave = (): void => (taken ? close() : setLeaving(true));
  const save = (): void => {
    saveText(name, secret);
    setTaken(true);
  };
  return (
    <Dialog title={`Private key of ${made.token.name}`} close={leave} wide>
      <p className="text-muted">Take it now: it is not shown again, and aether keeps no copy.</p>
      <textarea
        readOnly
        aria-label="Private key"
        rows={7}
        value={secret}
        onCopy={() => setTaken(true)}
        onFocus={(event) => event.currentTarget.select()}
        className="w-full resize-none rounded-md border border-edge bg-screen px-3 py-2 font-mono text-12 break-all"
      />
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" onClick={save} icon={<Icon name="download" />}>
          Download {name}
        </Button>
        <span onClickCapture={() => setTaken(true)} className="contents">
          <CopyButton text={secret} kind="plain" size="normal" />
        </span>
      </div>
      <Code title="in a shell" text={`mv ~/Downloads/${name} ${file}\nchmod 600 ${file}`} />
      {leaving ? (
        <Leaving stay={() => setLeaving(false)} leave={close} />
      ) : (
        <div className="flex justify-end">
          <Button onClick={leave}>Done</Button>
        </div>
      )}
    </Dialog>
  );
}

function Leaving({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <div role="alert" className="grid gap-3 rounded-md bg-waiting-soft px-3 py-2.5">
      <p className="flex items-start gap-2">
        <ShapeMark shape="triangle" className="mt-[5px] text-waiting" />
        It was neither downloaded nor copied. Without it this pair lets nobody in, and can only be revoked.
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button autoFocus onClick={stay}>
          Stay
        </Button>
        <Button kind="danger" onClick={leave}>
          Leave without it
        </Button>
      </div>
    </div>
  );
}
