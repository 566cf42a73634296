import { useState } from "react";
import type { UpdateMe } from "@/api/types";
import { useDeleteMe, useUpdateMe } from "@/queries/entrance";
import { useMe } from "@/queries/me";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FailureLine } from "@/ui/Failure";
import { Field } from "@/ui/Field";
import { fieldErrors, formValues, unshown } from "@/ui/form";
import { Panel } from "@/ui/Panel";
import { setTheme, THEME_WORDS, THEMES, useTheme } from "@/ui/theme";
import { useTitle } from "@/ui/title";

export function Profile() {
  useTitle("Profile");
  return (
    <>
      <h1 className="sr-only">Profile</h1>
      <NamePanel />
      <PasswordPanel />
      <ThemePanel />
      <DeletePanel />
    </>
  );
}

/** A small form that says when it has saved. */
function useSaving(said: string) {
  const update = useUpdateMe();
  const save = (body: UpdateMe, done?: () => void): void =>
    update.mutate(body, {
      onSuccess: () => {
        announce(said);
        done?.();
      },
    });
  return { update, save };
}

function Saved({ shown }: { shown: boolean }) {
  return shown ? <span className="text-12 text-done">Saved</span> : null;
}

function NamePanel() {
  const me = useMe();
  const { update, save } = useSaving("Profile saved.");
  const errors = fieldErrors(update.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    save(formValues(event.currentTarget, "display_name"));
  };
  return (
    <Panel title="Profile">
      <form onSubmit={submit} className="grid max-w-sm gap-4" noValidate>
        <Field label="Email" value={me?.email ?? ""} readOnly disabled />
        <Field
          label="Name"
          name="display_name"
          autoComplete="name"
          defaultValue={me?.display_name ?? ""}
          hint="What others see when they watch a terminal with you."
          error={errors.display_name}
        />
        <FailureLine error={unshown(update.error, ["display_name"])} />
        <div className="flex items-center gap-3">
          <Button type="submit" busy={update.isPending}>
            Save profile
          </Button>
          <Saved shown={update.isSuccess} />
        </div>
      </form>
    </Panel>
  );
}

function PasswordPanel() {
  const { update, save } = useSaving("Password changed.");
  const errors = fieldErrors(update.error);
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    save(formValues(form, "current_password", "password"), () => form.reset());
  };
  return (
    <Panel title="Password" lead="Changing it ends every other sign-in of this account.">
      <form onSubmit={submit} className="grid max-w-sm gap-4" noValidate>
        <Field
          label="Current password"
          name="current_password"
          type="password"
          autoComplete="current-password"
          error={errors.current_password}
        />
        <Field
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="At least 10 characters."
          error={errors.password}
        />
        <FailureLine error={unshown(update.error, ["current_password", "password"])} />
        <div className="flex items-center gap-3">
          <Button type="submit" busy={update.isPending}>
            Change password
          </Button>
          <Saved shown={update.isSuccess} />
        </div>
      </form>
    </Panel>
  );
}

function ThemePanel() {
  const theme = useTheme();
  return (
    <Panel title="Appearance">
      <fieldset className="flex flex-wrap gap-x-6 gap-y-2">
        <legend className="sr-only">Theme</legend>
        {THEMES.map((name) => (
          <label key={name} className="flex min-h-8 items-center gap-2 touch:min-h-10">
            <input
              type="radio"
              name="theme"
              className="accent-accent"
              checked={theme === name}
              onChange={() => setTheme(name)}
            />
            {THEME_WORDS[name]}
          </label>
        ))}
      </fieldset>
    </Panel>
  );
}

function DeletePanel() {
  const [asked, setAsked] = useState(false);
  return (
    <Panel title="Delete account">
      <p className="max-w-prose text-muted">
        Every project, machine, file, recording and token of this account is removed. It cannot be taken back.
      </p>
      <div>
        <Button kind="danger" onClick={() => setAsked(true)}>
          Delete account
        </Button>
      </div>
      {asked && <DeleteAccount close={() => setAsked(false)} />}
    </Panel>
  );
}

function DeleteAccount({ close }: { close: () => void }) {
  const remove = useDeleteMe();
  const submit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    remove.mutate(formValues(event.currentTarget, "password"));
  };
  return (
    <Dialog title="Delete your account?" close={close}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <p className="text-muted">All projects and their files go with it. Type your password to go on.</p>
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          autoFocus
          error={fieldErrors(remove.error).password}
        />
        <FailureLine error={unshown(remove.error, ["password"])} />
        <div className="flex justify-end gap-2">
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" kind="danger" busy={remove.isPending}>
            Delete everything
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
