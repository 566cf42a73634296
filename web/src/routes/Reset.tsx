import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useForgot, useReset } from "@/queries/entrance";
import { Button, buttonLook } from "@/ui/Button";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { Narrow } from "@/ui/Narrow";
import { useTitle } from "@/ui/title";

export function Forgot() {
  useTitle("Reset password");
  const forgot = useForgot();
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    forgot.mutate(formValues(event.currentTarget, "email"));
  };
  if (forgot.isSuccess) return <LinkSent email={forgot.variables.email} />;
  return (
    <Narrow title="Reset your password" lead="You will get a link to set a new one.">
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="Email"
          name="email"
          type="email"
          autoComplete="email"
          required
          autoFocus
          error={fieldErrors(forgot.error).email}
        />
        <FailureLine error={unshown(forgot.error, ["email"])} />
        <Button type="submit" kind="primary" size="large" busy={forgot.isPending}>
          Send reset link
        </Button>
      </form>
      <BackToLogin />
    </Narrow>
  );
}

/** Says the same whether or not the address has an account. */
function LinkSent({ email }: { email: string }) {
  return (
    <Narrow title="Look at your mail">
      <p role="status" className="text-muted">
        If <span className="font-medium text-text">{email}</span> has an account, a link is on its way. It
        works once, for a short time. Where no mail server is set up, the link stands in the output of{" "}
        <code>aether up</code>.
      </p>
      <BackToLogin />
    </Narrow>
  );
}

export function Reset() {
  useTitle("Set a new password");
  const { token } = useSearch({ from: "/reset" });
  const reset = useReset();
  const navigate = useNavigate();
  const errors = fieldErrors(reset.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { password } = formValues(event.currentTarget, "password");
    reset.mutate({ token: token ?? "", password }, { onSuccess: () => void navigate({ to: "/login" }) });
  };
  if (!token) return <LinkIncomplete />;
  return (
    <Narrow title="Set a new password" lead="Every other sign-in of this account ends.">
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <Field
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          autoFocus
          hint="At least 10 characters."
          error={errors.password}
        />
        <FailureLine error={unshown(reset.error, ["password"])} />
        <Button type="submit" kind="primary" size="large" busy={reset.isPending}>
          Set password
        </Button>
      </form>
      <BackToLogin />
    </Narrow>
  );
}

function LinkIncomplete() {
  return (
    <Narrow title="This link is incomplete">
      <p className="text-muted">Open the whole link from the mail, or ask for a new one.</p>
      <Link to="/forgot" className={buttonLook("plain")}>
        Send a new link
      </Link>
    </Narrow>
  );
}

function BackToLogin() {
  return (
    <Link
      to="/login"
      className="justify-self-start rounded-md text-accent underline decoration-accent/40 underline-offset-4 hover:decoration-accent"
    >
      Back to sign in
    </Link>
  );
}
