import { Link } from "@tanstack/react-router";
import { BoardPicture } from "@/ui/BoardPicture";
import { Button, buttonLook } from "@/ui/Button";
import { Icon, Mark } from "@/ui/Icon";
import { setTheme, useTheme } from "@/ui/theme";
import { useTitle } from "@/ui/title";

const FACTS = [
  [
    "A machine for every project",
    "A real Linux shell with your repository in it, seconds after you press start. Files stay when it stops.",
  ],
  [
    "Close the laptop",
    "What runs goes on. Come back from any browser, and the terminal resumes where it was, without a gap.",
  ],
  [
    "Stops when nobody needs it",
    "The page says why a machine is awake and until when. Idle ones stop by themselves.",
  ],
  [
    "Every session on record",
    "Replay what happened in a terminal, or export it as an asciicast. Each project can turn it off.",
  ],
] as const;

/** What aether is, for those who are not signed in. */
export function Landing() {
  useTitle("");
  return (
    <div className="flex min-h-full flex-col">
      <header className="mx-auto flex h-14 w-full max-w-6xl shrink-0 items-center gap-1 px-5">
        <p className="flex flex-1 items-center gap-2 text-16 font-semibold tracking-tight">
          <Mark />
          aether
        </p>
        <ThemeButton />
        <Link to="/login" className={buttonLook("quiet")}>
          Sign in
        </Link>
        <Link to="/signup" className={buttonLook("plain")}>
          Sign up
        </Link>
      </header>
      <main
        id="main"
        className="mx-auto grid w-full max-w-6xl flex-1 grid-cols-[minmax(0,1fr)] content-start gap-10 px-5 pb-10 pt-[6vh]"
      >
        <div className="grid max-w-xl justify-items-start gap-4">
          <h1 className="text-28 font-semibold tracking-tight text-balance">
            Mission control for coding agents
          </h1>
          <p className="text-16 text-muted text-pretty">
            Give each project a Linux machine of its own, work in it from the browser, and let it run while
            you are away.
          </p>
          <div className="flex flex-wrap gap-2 pt-1">
            <Link to="/signup" className={buttonLook("primary", "large")}>
              Create an account
            </Link>
          </div>
        </div>
        <BoardPicture />
        <dl className="grid gap-x-8 gap-y-6 border-t border-line pt-6 sm:grid-cols-2 lg:grid-cols-4">
          {FACTS.map(([name, text]) => (
            <div key={name} className="grid content-start gap-1">
              <dt className="font-medium">{name}</dt>
              <dd className="text-muted text-pretty">{text}</dd>
            </div>
          ))}
        </dl>
      </main>
      <footer className="mx-auto flex w-full max-w-6xl flex-wrap items-center justify-between gap-2 px-5 py-4 text-12 text-muted">
        <span>Runs on your laptop or your cluster. Apache-2.0.</span>
        <code className="font-mono">make up</code>
      </footer>
    </div>
  );
}

function ThemeButton() {
  const light = useTheme() === "light";
  return (
    <Button
      kind="quiet"
      aria-label={light ? "Use the dark theme" : "Use the light theme"}
      title={light ? "Use the dark theme" : "Use the light theme"}
      onClick={() => setTheme(light ? "dark" : "light")}
      icon={<Icon name={light ? "moon" : "sun"} />}
    />
  );
}
