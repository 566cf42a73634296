import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useState } from "react";
import { asApiError } from "@/api/problem";
import type { GitHub, Repository } from "@/api/types";
import { githubStart, repositoriesQuery } from "@/queries/github";
import { Button, buttonLook } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { INPUT_LOOK } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { SkeletonRows } from "@/ui/Skeleton";
import { Ago } from "@/ui/Time";
import { isOld } from "./found";

interface PickerProps {
  github: GitHub;
  choose: (repository: Repository) => void;
  back: () => void;
}

/** One input over the person's repositories; what is typed is looked for at GitHub. */
export function RepositoryPicker({ github, choose, back }: PickerProps) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const words = useDeferredValue(typed.trim());
  const query = useInfiniteQuery({ ...repositoriesQuery(words), placeholderData: (known) => known });
  const found = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const chosen = Math.min(at, found.length - 1);
  const id = useId();
  const { isPlaceholderData } = query;
  const old = isOld({ typed, words, isPlaceholderData });
  const press = (event: React.KeyboardEvent): void => {
    const take = old ? undefined : found[chosen];
    if (event.key === "ArrowDown") move(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") move(Math.max(chosen - 1, 0));
    else if (event.key === "Enter" && take) choose(take);
    else if (event.key !== "Enter") return;
    event.preventDefault();
  };
  const move = (to: number): void => {
    setAt(to);
    document.getElementById(`${id}-${to}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-1">
      <label htmlFor={`${id}-input`} className="font-medium">
        Repository
      </label>
      <input
        id={`${id}-input`}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
        autoComplete="off"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: the dialog opens to choose one.
        autoFocus
        placeholder={`Search what ${github.login ?? "GitHub"} can see`}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
        className={INPUT_LOOK}
      />
      <div className="mt-1 h-60 overflow-auto rounded-md border border-line">
        {query.isPending && <SkeletonRows count={6} label="Loading repositories" />}
        {query.error && !query.data && <Refused error={query.error} retry={() => void query.refetch()} />}
        {query.data && !found.length && (
          <p className="px-3 py-6 text-center text-muted">
            {words ? `No repository matches “${words}”.` : "There is no repository yet."}
          </p>
        )}
        <div id={id} role="listbox" aria-label="Repositories" aria-busy={old || undefined}>
          {found.map((repository, index) => (
            <Row
              key={repository.full_name}
              id={`${id}-${index}`}
              repository={repository}
              chosen={index === chosen}
              near={() => setAt(index)}
              choose={() => choose(repository)}
            />
          ))}
        </div>
        {query.hasNextPage && (
          <div className="grid p-1">
            <Button kind="quiet" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Show more
            </Button>
          </div>
        )}
      </div>
      {!github.private && (
        <p className="text-12 text-muted">
          Private repositories are not shown.{" "}
          <a
            href={githubStart("/projects?new=true", true)}
            className="text-accent underline underline-offset-2"
          >
            Allow them at GitHub
          </a>
        </p>
      )}
      <div className="flex justify-end pt-3">
        <Button kind="quiet" onClick={back}>
          Back
        </Button>
      </div>
    </div>
  );
}

interface RowProps {
  id: string;
  repository: Repository;
  chosen: boolean;
  near: () => void;
  choose: () => void;
}

function Row({ id, repository, chosen, near, choose }: RowProps) {
  const { owner, name, description, pushed_at } = repository;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys for the list.
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, which names the active option.
    <div
      id={id}
      role="option"
      aria-selected={chosen}
      onPointerMove={near}
      onClick={choose}
      className="grid cursor-pointer grid-cols-[minmax(0,1fr)_auto] gap-x-3 px-3 py-1.5 aria-selected:bg-raised touch:py-2.5"
    >
      <span className="flex min-w-0 items-center gap-1.5">
        <span className="truncate">
          <span className="text-muted">{owner}/</span>
          <span className="font-medium">{name}</span>
        </span>
        {repository.private && (
          <span className="flex items-center gap-1 text-12 text-muted">
            <Icon name="lock" className="size-3" />
            private
          </span>
        )}
      </span>
      <span className="text-12 leading-5 text-muted">{pushed_at && <Ago at={pushed_at} />}</span>
      {description && <span className="col-span-2 truncate text-12 text-muted">{description}</span>}
    </div>
  );
}

function Refused({ error, retry }: { error: unknown; retry: () => void }) {
  const lost = asApiError(error).status === 409;
  return (
    <div className="px-3">
      <Failure error={error} {...(lost ? {} : { retry })} />
      {lost && (
        <a href={githubStart("/projects?new=true")} className={buttonLook("plain", "small")}>
          Link GitHub again
        </a>
      )}
    </div>
  );
}
