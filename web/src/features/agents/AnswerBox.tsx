import { useEffect, useState } from "react";
import { useOnceKey } from "@/api/onceKey";
import type { MessageRun, Question, QuestionOption, Run } from "@/api/types";
import { useMessageRun } from "@/queries/runActions";
import { announce } from "@/ui/announce";
import { classes } from "@/ui/classes";
import { FailureLine } from "@/ui/Failure";
import { INPUT_LOOK } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { draftOf, keepDraft } from "./drafts";

// A key that was meant for the question before must not answer the one that has just come in its place.
const SETTLES_MS = 500;

const OPTION_PRESSED = "aether:option";

/** Presses an option of the question that is shown in `row`, as its button does. */
export function pressOption(row: Element, key: string): void {
  row.querySelector("[data-answer]")?.dispatchEvent(new CustomEvent(OPTION_PRESSED, { detail: key }));
}

interface AnswerProps {
  run: Run;
  /** Which option a key means. */
  optionFor?: (key: string, options: readonly QuestionOption[]) => QuestionOption | undefined;
  /** Called as it is sent; what it answers is called once it was taken, even if the row is gone by then. */
  sending?: () => () => void;
  /** Out of the box, without an answer. */
  leave?: () => void;
  focused?: boolean;
}

/** Answers that are one press away, and a box for any other. */
export function AnswerBox({ run, optionFor, sending, leave, focused }: AnswerProps) {
  const { question } = run;
  const draft = question?.id ?? run.id;
  const [text, setText] = useState(() => draftOf(draft) || draftOf(run.id));
  const [carried] = useState(text !== "");
  const message = useMessageRun(run.id);
  const key = useOnceKey();
  const answering = useSettled(question?.id);

  const send = (body: MessageRun): void => {
    if (message.isPending) return;
    const full = { ...body, question_id: question?.id ?? null };
    const done = sending?.();
    const sent = (): void => {
      keepDraft(draft, "");
      keepDraft(run.id, "");
      setText("");
      announce(question ? "Answered." : "Sent.");
      done?.();
    };
    // The event of the change may be here before the answer and take this box away; a refusal is shown below.
    message.mutateAsync({ body: full, key: key(JSON.stringify(full)) }).then(sent, () => undefined);
  };
  const submit = (): void => {
    // What was begun before the question came may not be meant for it.
    if (text.trim() && (!carried || answering.settled())) send({ text: text.trimEnd() });
  };
  const type = (next: string): void => {
    setText(next);
    keepDraft(draft, next);
  };
  const place = usePressed((pressed) => {
    const option = optionFor?.(pressed, question?.options ?? []);
    if (option && answering.settled()) send({ option: option.id });
  });

  return (
    <div ref={place} data-answer className="relative grid grid-cols-[minmax(0,1fr)] gap-1.5">
      <div className="flex flex-wrap items-start gap-1.5">
        {question?.options?.map((option, at) => (
          <Option
            key={option.id}
            option={option}
            at={at}
            question={question}
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
            // biome-ignore lint/a11y/noAutofocus: it was opened to be typed into.
            autoFocus={focused}
            aria-label={`Reply to ${run.agent_title}`}
            placeholder={question ? "Reply" : `Message ${run.agent_title}`}
            enterKeyHint="send"
            spellCheck={false}
            readOnly={message.isPending}
            onChange={(event) => type(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit();
              else if (event.key === "Escape" && leave) leave();
              else return;
              event.preventDefault();
            }}
            className={classes(
              INPUT_LOOK,
              "field-sizing-content max-h-48 resize-none py-[5px] pr-9 leading-5 touch:py-[7px] touch:pr-12",
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

interface OptionProps {
  option: QuestionOption;
  at: number;
  question: Question;
  busy: boolean;
  press: () => void;
}

function Option({ option, at, question, busy, press }: OptionProps) {
  return (
    <button
      type="button"
      aria-disabled={busy || undefined}
      onClick={press}
      className={classes(
        "inline-flex min-h-8 max-w-full items-center gap-1.5 rounded-md border bg-surface px-3 py-1 text-left font-medium hover:bg-raised aria-disabled:opacity-50 touch:min-h-10 touch:grow touch:justify-center",
        at === 0 && question.kind === "permission" ? "border-waiting/60" : "border-edge",
      )}
    >
      {at < 9 && <kbd className="text-12 text-muted touch:hidden">{at + 1}</kbd>}
      <span className="min-w-0 break-words">{option.label}</span>
    </button>
  );
}

/** Whether the question has been there long enough to be meant by a key. */
function useSettled(questionId: string | undefined): { settled: () => boolean } {
  const [came, setCame] = useState(() => ({ questionId, at: performance.now() }));
  if (came.questionId !== questionId) setCame({ questionId, at: performance.now() });
  return { settled: () => performance.now() - came.at > SETTLES_MS };
}

/** Hears `pressOption`. */
function usePressed(press: (key: string) => void): (element: HTMLDivElement | null) => void {
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (!element) return;
    const hear = (event: Event): void => press((event as CustomEvent<string>).detail);
    element.addEventListener(OPTION_PRESSED, hear);
    return () => element.removeEventListener(OPTION_PRESSED, hear);
  });
  return setElement;
}
