import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Key } from "@/api/types";
import { KeyForm } from "@/features/keys/KeyForm";
import { ReplaceValue } from "@/features/keys/ReplaceValue";
import { MODE_WORDS, projectWords, vendorTitle } from "@/features/keys/vendors";
import { projectsQuery } from "@/queries/projects";
import { useDeleteKey, vendorKeysQuery } from "@/queries/vendorKeys";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Listed } from "@/ui/Listed";
import { MenuButton } from "@/ui/MenuButton";
import { Panel } from "@/ui/Panel";
import { ShellHint } from "@/ui/ShellHint";
import { ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";

/** A person's keys. `?add=NAME` opens the form for one that an agent lacks. */
export function Keys() {
  useTitle("Keys");
  const query = useQuery(vendorKeysQuery);
  const navigate = useNavigate();
  const { add } = useSearch({ from: "/signed-in/settings/keys" });
  const setAdd = (name?: string): void =>
    void navigate({ to: "/settings/keys", search: name === undefined ? {} : { add: name }, replace: true });
  return (
    <>
      <h1 className="sr-only">Keys</h1>
      <Panel
        title="Keys"
        lead="Your own, for the vendors of your agents and for other programs."
        end={
          <Button onClick={() => setAdd("")} icon={<Icon name="plus" className="size-3.5" />}>
            Add key
          </Button>
        }
      >
        <Listed query={query} label="Loading keys" count={2} empty={<Empty />}>
          {(key) => <Row key={key.name} known={key} />}
        </Listed>
      </Panel>
      {add !== undefined && <KeyForm meant={add || undefined} close={() => setAdd()} />}
    </>
  );
}

function Empty() {
  return (
    <div className="grid justify-items-start gap-3">
      <p className="max-w-prose text-muted">
        No keys yet. An agent works with the key of its vendor: add yours, and every agent of that vendor
        starts without asking for it.
      </p>
      <ShellHint command="aether keys set ANTHROPIC_API_KEY" />
    </div>
  );
}

type Shown = "replace" | "access" | "delete" | null;

function Row({ known }: { known: Key }) {
  const [shown, setShown] = useState<Shown>(null);
  const close = (): void => setShown(null);
  return (
    <li className="flex items-center gap-3 border-b border-line py-2.5">
      <Icon name="key" className="size-4 text-muted" />
      <div className="grid min-w-0 flex-1">
        <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
          <span className="truncate font-medium">
            {known.vendor ? vendorTitle(known.vendor) : known.name}
          </span>
          <span className="min-w-0 truncate font-mono text-12 text-muted">
            {known.vendor && `${known.name} `}…{known.last4}
          </span>
        </span>
        <Facts known={known} />
      </div>
      <Button
        size="small"
        className="max-sm:hidden"
        onClick={() => setShown("replace")}
        aria-label={`Replace the value of ${known.name}`}
      >
        Replace
      </Button>
      <MenuButton
        label={`Menu of ${known.name}`}
        entries={[
          { icon: "again", text: "Replace value", run: () => setShown("replace") },
          { icon: "settings", text: "Change who has it", run: () => setShown("access") },
          "line",
          { icon: "trash", text: "Delete key", danger: true, run: () => setShown("delete") },
        ]}
      />
      {shown === "replace" && <ReplaceValue known={known} close={close} />}
      {shown === "access" && <KeyForm known={known} close={close} />}
      {shown === "delete" && <DeleteKey known={known} close={close} />}
    </li>
  );
}

function Facts({ known }: { known: Key }) {
  const projects = useQuery(projectsQuery).data;
  const mode = MODE_WORDS[known.mode];
  return (
    <span className="text-muted">
      {known.refused_at ? (
        <span className="text-failed">
          <ShapeMark shape="cross" className="mr-1.5 inline" />
          refused by the vendor <Ago at={known.refused_at} />
        </span>
      ) : known.last_used_at ? (
        <>
          used <Ago at={known.last_used_at} />
        </>
      ) : (
        "never used"
      )}
      {" · "}
      <span title={mode.note}>{mode.word}</span>
      {" · "}
      {projectWords(known, projects)}
    </span>
  );
}

function DeleteKey({ known, close }: { known: Key; close: () => void }) {
  const remove = useDeleteKey();
  const done = (): void => {
    announce(`${known.name} was deleted.`);
    close();
  };
  return (
    <Confirm
      title={`Delete ${known.name}?`}
      verb="Delete key"
      busy={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate(known.name, { onSuccess: done })}
      close={close}
    >
      Agents that work with it fail at their next request. The vendor is not told: revoke the key there if it
      leaked.
    </Confirm>
  );
}
