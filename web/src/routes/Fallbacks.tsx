import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { buttonLook } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { Mark } from "@/ui/Icon";
import { useTitle } from "@/ui/title";

function Centre({ children }: { children: React.ReactNode }) {
  return (
    <main id="main" className="mx-auto grid min-h-full max-w-md content-center justify-items-start gap-4 p-6">
      <Mark className="size-7" />
      {children}
    </main>
  );
}

export function PageNotFound() {
  useTitle("Not found");
  return (
    <Centre>
      <h1 className="text-20 font-semibold">There is nothing at this address</h1>
      <p className="text-muted">It may have been deleted, or the link may be incomplete.</p>
      <Link to="/projects" className={buttonLook("plain")}>
        Go to projects
      </Link>
    </Centre>
  );
}

export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <Centre>
      <Failure error={error} retry={retry} />
    </Centre>
  );
}

export function PagePending() {
  return (
    <div role="status" aria-label="Loading" className="grid h-full place-items-center">
      <Mark className="size-7 animate-breathe" />
    </div>
  );
}
