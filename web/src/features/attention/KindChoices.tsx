import type { NoticeKind } from "@/api/types";
import { Choice, Choices } from "@/ui/Choice";
import { ShapeMark } from "@/ui/StateMark";
import { KIND_NAMES, KINDS } from "./kinds";

interface KindChoicesProps {
  legend: string;
  kinds: readonly NoticeKind[];
  set: (kinds: NoticeKind[]) => void;
}

/** Which notices are wanted, in the order the board has them. */
export function KindChoices({ legend, kinds, set }: KindChoicesProps) {
  const toggled = (kind: NoticeKind, on: boolean): NoticeKind[] =>
    KIND_NAMES.filter((name) => (name === kind ? on : kinds.includes(name)));
  return (
    <Choices legend={legend}>
      {KIND_NAMES.map((kind) => {
        const { shape, tone, when } = KINDS[kind];
        return (
          <Choice
            key={kind}
            checked={kinds.includes(kind)}
            onChange={(event) => set(toggled(kind, event.target.checked))}
          >
            <span className="flex items-center gap-2">
              <ShapeMark shape={shape} className={tone} />
              {when}
            </span>
          </Choice>
        );
      })}
    </Choices>
  );
}
