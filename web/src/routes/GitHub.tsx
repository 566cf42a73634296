import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { GitHub as Account } from "@/api/types";
import { GitHubMark } from "@/features/github/GitHubMark";
import { ProblemLine } from "@/features/github/ProblemLine";
import { githubQuery, githubStart, useUnlinkGitHub } from "@/queries/github";
import { announce } from "@/ui/announce";
import { Button, buttonLook } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Failure } from "@/ui/Failure";
import { Panel } from "@/ui/Panel";
import { SkeletonRows } from "@/ui/Skeleton";
import { ShapeMark } from "@/ui/StateMark";
import { Ago } from "@/ui/Time";
import { useTitle } from "@/ui/title";

const HERE = "/settings/github";

/** The account at GitHub: for its repositories, for git in the machines, and to sign in. */
export function GitHub() {
  useTitle("GitHub");
  const query = useQuery(githubQuery);
  const { problem } = useSearch({ from: "/signed-in/settings/github" });
  return (
    <>
      <h1 className="sr-only">GitHub</h1>
      <Panel
        title="GitHub"
        lead="For choosing repositories, for git fetch and push inside your machines, and for signing in."
      >
        <ProblemLine code={problem} />
        {query.isPending && <SkeletonRows count={2} label="Loading GitHub" />}
        {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
        {query.data && <Standing account={query.data} />}
      </Panel>
    </>
  );
}

function Standing({ account }: { account: Account }) {
  if (!account.configured && !account.linked) return <NotConfigured />;
  if (!account.linked) return <NotLinked />;
  return <Linked account={account} />;
}

function NotConfigured() {
  return (
    <p className="max-w-prose text-muted">
      This server is not set up for GitHub. Whoever runs it registers an OAuth app there and sets{" "}
      <code className="font-mono text-text">GITHUB_CLIENT_ID</code> and{" "}
      <code className="font-mono text-text">GITHUB_CLIENT_SECRET</code>. Public repositories can be cloned all
      the same.
    </p>
  );
}

function NotLinked() {
  return (
    <div className="grid justify-items-start gap-4">
      <p className="max-w-prose text-muted">
        Nothing is linked. Your password goes on working beside it, and what you allow can be taken back here
        or at GitHub.
      </p>
      <div className="flex flex-wrap gap-2">
        <a href={githubStart(HERE)} className={buttonLook("primary")}>
          <GitHubMark />
          Link GitHub
        </a>
        <a href={githubStart(HERE, true)} className={buttonLook("plain")}>
          Link with private repositories
        </a>
      </div>
    </div>
  );
}

function Linked({ account }: { account: Account }) {
  return (
    <div className="-mt-4 grid">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line py-3">
        <GitHubMark className="size-5" />
        <div className="grid min-w-40 flex-1">
          <span className="truncate font-medium">{account.login}</span>
          <span className="text-muted">
            {account.lost_at ? (
              <span className="inline-flex items-center gap-1.5 text-failed">
                <ShapeMark shape="cross" />
                <span>
                  taken back at GitHub <Ago at={account.lost_at} />
                </span>
              </span>
            ) : (
              account.linked_at && (
                <>
                  linked <Ago at={account.linked_at} />
                </>
              )
            )}
          </span>
        </div>
        {account.lost_at && (
          <a href={githubStart(HERE, account.private)} className={buttonLook("primary", "small")}>
            Link again
          </a>
        )}
        <Unlink account={account} />
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line py-3">
        <div className="grid min-w-40 flex-1">
          <span className="font-medium">Repositories</span>
          <span className="text-muted">
            {account.private ? "Public and private ones." : "Public ones."}
            {account.scopes.length > 0 && (
              <>
                {" Granted: "}
                <code className="font-mono text-12">{account.scopes.join(", ")}</code>
              </>
            )}
          </span>
        </div>
        {!account.private && !account.lost_at && (
          <a href={githubStart(HERE, true)} className={buttonLook("plain", "small")}>
            Allow private ones
          </a>
        )}
      </div>
    </div>
  );
}

function Unlink({ account }: { account: Account }) {
  const unlink = useUnlinkGitHub();
  const [asked, setAsked] = useState(false);
  const done = (): void => {
    announce("GitHub is unlinked.");
    setAsked(false);
  };
  if (account.only_way_in)
    return (
      <span className="text-12 text-muted">
        It is your only way in. To unlink it,{" "}
        <Link to="/forgot" className="text-accent underline underline-offset-2">
          set a password
        </Link>{" "}
        first.
      </span>
    );
  return (
    <>
      <Button size="small" onClick={() => setAsked(true)}>
        Unlink
      </Button>
      {asked && (
        <Confirm
          title="Unlink GitHub?"
          verb="Unlink"
          busy={unlink.isPending}
          error={unlink.error}
          confirm={() => unlink.mutate(undefined, { onSuccess: done })}
          close={() => setAsked(false)}
        >
          Machines can no longer fetch and push private repositories. Projects and their files stay.
        </Confirm>
      )}
    </>
  );
}
