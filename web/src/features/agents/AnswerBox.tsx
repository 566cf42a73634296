import { useRef, useState } from "react";
import { useOnceKeys } from "@/api/onceKey";
import { asApiError } from "@/api/problem";
import type { MessageRun, QuestionOption, Run } from "@/api/types";
import { useMessageRun } from "@/queries/runActions";
import { announce } from "@/ui/announce";
import { classes } from "@/ui/classes";
import { FailureLine } from "@/ui/Failure";
import { INPUT_LOOK } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { giveBack, keepDraft, useDraft } from "./drafts";
import { isSettled } from "./focus";

interface AnswerProps {
  run: Run;
  /** The keys of the page press the options, so each shows its own. */
  keyed?: boolean;
  /** Called as it is sent; what it answers is called once it was taken, even if the row is gone by then. */
  sending?: () => () => void;
  /** Out of the box, without an answer. */
  leave?: () => void;
}

/** Answers that are one press away, and a box for any other. One for each question: its key is the question's id. */
export function AnswerBox({ run, keyed, sending, leave }: AnswerProps) {
  const { question } = run;
  const draft = useDraft(run.id);
  const [carried] = useState(draft !== "");
  const [came] = useState(() => performance.now());
  const message = useMessageRun(run.id);
  const once = useOnceKeys();
  const box = useRef<HTMLDivElement>(null);
  const text = message.isPending ? (message.variables.body.text ?? "") : draft;

  const send = (body: MessageRun): void => {
    if (message.isPending) return;
    const full = { ...body, question_id: question?.id ?? null };
    const filled = JSON.stringify(full);
    const done = sending?.();
    keepDraft(run.id, "");
    const sent = (): void => {
      once.done(filled);
      announce(question ? "Answered." : "Sent.");
      done?.();
    };
    // The event of the change may be here before the answer, and have taken this box away.
    const refused = (error: unknown): void => {
      once.failed(filled, error);
      giveBack(run.id, body.text ?? "");
      if (!box.current) announce(asApiError(error).message);
    };
    message.mutateAsync({ body: full, key: once.of(filled) }).then(sent, refused);
  };
  const submit = (): void => {
    // What was begun before the question came may not be meant for it.
    if (text.trim() && (!carried || isSettled(came))) send({ text: text.trimEnd() });
  };

  return (
    <div ref={box} data-came={came} className="relative grid grid-cols-[minmax(0,1fr)] gap-1.5">
      <div className="flex flex-wrap items-start gap-1.5">
        {question?.options?.map((option, at) => (
          <Option
            key={option.id}
            option={option}
            keyName={keyed && at < 9 ? String(at + 1) : null}
            first={at === 0 && question.kind === "permission"}
            busy={message.isPending}
            press={() => send({ option: option.id })}
          />
        ))}
        <form
          className="relative flex min-w-0 flex-[1_1_14rem]"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <textarea
            data-reply
            rows={1}
            value={text}
            aria-label={`Reply to ${run.agent_title}`}
            placeholder={placeholderOf(run)}
            enterKeyHint="send"
            spellCheck={false}
            readOnly={message.isPending}
            onChange={(event) => keepDraft(run.id, event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit();
              else if (event.key === "Escape" && leave) leave();
              else return;
              event.preventDefault();
            }}
            className={classes(
              INPUT_LOOK,
              "field-sizing-content max-h-48 resize-none py-[5px] pr-9 leading-5 touch:py-[9px] touch:pr-12",
            )}
          />
          {text.trim() && (
            <button
              type="submit"
              aria-label="Send"
              title="Send (Enter)"
              aria-busy={message.isPending || undefined}
              className="absolute right-1 bottom-1 grid size-6 place-items-center rounded-md bg-accent text-on-accent hover:bg-accent/88 aria-busy:opacity-50 touch:size-8"
            >
              <Icon name="up" className="size-3.5" />
            </button>
          )}
        </form>
      </div>
      <FailureLine error={message.error} />
    </div>
  );
}

function placeholderOf({ question, ended_at, agent_title }: Run): string {
  if (question) return "Reply";
  return ended_at ? "Start it again with a message" : `Message ${agent_title}`;
}

interface OptionProps {
  option: QuestionOption;
  keyName: string | null;
  /** What most would press. */
  first: boolean;
  busy: boolean;
  press: () => void;
}

function Option({ option, keyName, first, busy, press }: OptionProps) {
  return (
    <button
      type="button"
      data-option={option.id}
      aria-disabled={busy || undefined}
      onClick={press}
      className={classes(
        "inline-flex min-h-8 max-w-full items-center gap-1.5 rounded-md border bg-surface px-3 py-1 text-left font-medium hover:bg-raised aria-disabled:opacity-50 touch:min-h-10 touch:grow touch:justify-center",
        first ? "border-waiting/60" : "border-edge",
      )}
    >
      {keyName && <kbd className="text-12 text-muted touch:hidden">{keyName}</kbd>}
      <span className="min-w-0 break-words">{option.label}</span>
    </button>
  );
}
