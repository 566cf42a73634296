import { ShapeMark } from "@/ui/StateMark";
import { problemWords } from "./problems";

/** What went wrong at GitHub, said where a person comes back to. */
export function ProblemLine({ code }: { code: string | undefined }) {
  const words = problemWords(code);
  if (!words) return null;
  return (
    <p role="alert" className="flex items-start gap-2 rounded-md bg-failed-soft px-2.5 py-1.5">
      <ShapeMark shape="cross" className="mt-[5px] text-failed" />
      <span className="min-w-0">{words}</span>
    </p>
  );
}
