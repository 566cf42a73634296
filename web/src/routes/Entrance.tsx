import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { asApiError } from "@/api/problem";
import { EnterWithGitHub } from "@/features/github/EnterWithGitHub";
import { ProblemLine } from "@/features/github/ProblemLine";
import { useLogin, useSignup } from "@/queries/entrance";
import { Button } from "@/ui/Button";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { Narrow } from "@/ui/Narrow";
import { useTitle } from "@/ui/title";

const LINK =
  "rounded-md text-accent underline decoration-accent/40 underline-offset-4 hover:decoration-accent";

/** Where a person wanted to go before the sign-in. The router has checked that it is ours. */
function useGoOn(from: "/login" | "/signup") {
  const { next = "/projects", problem } = useSearch({ from });
  const router = useRouter();
  // The way into a preview is no page of this app's, though it is on its origin.
  const goOn = (): void =>
    next.startsWith("/api/") ? window.location.assign(next) : router.history.push(next);
  return { next, problem, goOn };
}

export function Signup() {
  useTitle("Sign up");
  const signup = useSignup();
  const { next, problem, goOn } = useGoOn("/signup");
  const errors = fieldErrors(signup.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { email, password, display_name } = formValues(
      event.currentTarget,
      "email",
      "password",
      "display_name",
    );
    signup.mutate({ email, password, ...(display_name && { display_name }) }, { onSuccess: goOn });
  };
  return (
    <Narrow title="Create your account" lead="A machine of your own is a minute away.">
      <ProblemLine code={problem} />
      <EnterWithGitHub next={next}>Sign up with GitHub</EnterWithGitHub>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Email"
          name="email"
          type="email"
          autoComplete="email"
          required
          autoFocus
          error={errors.email}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          hint="At least 10 characters."
          error={errors.password}
        />
        <Field
          label="Name (optional)"
          name="display_name"
          autoComplete="name"
          hint="What others see when they watch a terminal with you."
          error={errors.display_name}
        />
        <FailureLine error={unshown(signup.error, ["email", "password", "display_name"])} />
        <Button type="submit" kind="primary" size="large" busy={signup.isPending}>
          Sign up
        </Button>
      </form>
      <p className="text-muted">
        Already have an account?{" "}
        <Link to="/login" className={LINK}>
          Sign in
        </Link>
      </p>
    </Narrow>
  );
}

export function Login() {
  useTitle("Sign in");
  const login = useLogin();
  const { next, problem, goOn } = useGoOn("/login");
  const errors = fieldErrors(login.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    login.mutate(formValues(event.currentTarget, "email", "password"), { onSuccess: goOn });
  };
  return (
    <Narrow title="Sign in">
      <ProblemLine code={problem} />
      <EnterWithGitHub next={next}>Sign in with GitHub</EnterWithGitHub>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Email"
          name="email"
          type="email"
          autoComplete="email"
          required
          autoFocus
          error={errors.email}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={errors.password}
        />
        <FailureLine error={unshown(login.error, ["email", "password"])}>
          {asApiError(login.error).status === 401 && (
            <Link to="/forgot" className={LINK}>
              Reset password
            </Link>
          )}
        </FailureLine>
        <Button type="submit" kind="primary" size="large" busy={login.isPending}>
          Sign in
        </Button>
      </form>
      <p className="flex flex-wrap justify-between gap-2 text-muted">
        <Link to="/signup" className={LINK}>
          Create an account
        </Link>
        <Link to="/forgot" className={LINK}>
          Forgot password?
        </Link>
      </p>
    </Narrow>
  );
}
