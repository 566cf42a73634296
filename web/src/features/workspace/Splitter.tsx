import "./splitter.css";

interface SplitterProps {
  label: string;
  /** The id of the panel whose size it sets. */
  controls: string;
  /** "vertical" stands between left and right, "horizontal" between above and below. */
  orientation: "vertical" | "horizontal";
  /** 1 when the panel grows as the pointer goes right or down, -1 when it shrinks. */
  direction?: 1 | -1;
  /** In px. */
  value: number;
  least: number;
  most: number;
  set: (value: number) => void;
  /** Enter, a double click, or a pull far below the least size. */
  collapse: () => void;
}

const STEP = 16;
const LEAP = 96;
// So far below its least size, a panel is meant to go.
const GIVE_UP = 80;

/** The line between two panels: dragged, or moved with the arrow keys. */
export function Splitter(props: SplitterProps) {
  const { label, controls, orientation, direction = 1, value, least, most, set, collapse } = props;
  const vertical = orientation === "vertical";
  const put = (next: number): void => set(Math.round(Math.min(Math.max(next, least), most)));

  const drag = (event: React.PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    const line = event.currentTarget;
    line.setPointerCapture(event.pointerId);
    const place = (at: PointerEvent | React.PointerEvent): number => (vertical ? at.clientX : at.clientY);
    const from = place(event);
    const move = (at: PointerEvent): void => {
      const next = value + (place(at) - from) * direction;
      if (next > least - GIVE_UP) put(next);
      else {
        end();
        // When it comes back it is as wide as before it was pulled shut.
        put(value);
        collapse();
      }
    };
    const end = (): void => {
      line.removeEventListener("pointermove", move);
      line.removeEventListener("pointerup", end);
      line.removeEventListener("pointercancel", end);
    };
    line.addEventListener("pointermove", move);
    line.addEventListener("pointerup", end);
    line.addEventListener("pointercancel", end);
  };

  const press = (event: React.KeyboardEvent): void => {
    const step = (event.shiftKey ? LEAP : STEP) * direction;
    const by = { [vertical ? "ArrowRight" : "ArrowDown"]: step, [vertical ? "ArrowLeft" : "ArrowUp"]: -step };
    if (by[event.key] !== undefined) put(value + (by[event.key] ?? 0));
    else if (event.key === "Home") put(least);
    else if (event.key === "End") put(most);
    else if (event.key === "Enter") collapse();
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a line to drag is no thematic break.
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-controls={controls}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={Math.round(least)}
      aria-valuemax={Math.round(most)}
      title={`${label}: drag, or use the arrow keys. Enter hides it.`}
      onPointerDown={drag}
      onDoubleClick={collapse}
      onKeyDown={press}
      className="splitter"
    />
  );
}
