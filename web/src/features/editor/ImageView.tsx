import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { asApiError } from "@/api/problem";
import { contentsUrl } from "@/queries/contents";
import { statOf } from "@/queries/files";
import { useWatched } from "@/queries/watch";
import { Button, IconButton } from "@/ui/Button";
import { Failure } from "@/ui/Failure";
import { Icon } from "@/ui/Icon";
import { fileSize } from "./sizes";
import { baseName } from "./tabs";

interface ImageProps {
  projectId: string;
  path: string;
  running: boolean;
}

/** How much larger than it is; "fit" is as large as the place allows, and no larger than it is. */
type Zoom = number | "fit";

const STEPS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16];

/** A picture, on squares that show where it is transparent. Drawings come as pictures too, so that nothing in them runs. */
export default function ImageView({ projectId, path, running }: ImageProps) {
  const stat = useStat(projectId, path, running);
  const [zoom, setZoom] = useState<Zoom>("fit");
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [broken, setBroken] = useState(false);
  const shown = useShownScale(zoom, size);
  const version = stat.data?.etag ?? stat.data?.mtime ?? "";

  const step = (by: 1 | -1): void => {
    const next =
      by > 0 ? STEPS.find((s) => s > shown.scale + 0.001) : STEPS.findLast((s) => s < shown.scale - 0.001);
    setZoom(next ?? shown.scale);
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") step(1);
    else if (event.key === "-") step(-1);
    else if (event.key === "0") setZoom("fit");
    else if (event.key === "1") setZoom(1);
    else return;
    event.preventDefault();
  };
  const wheel = (event: React.WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) step(event.deltaY < 0 ? 1 : -1);
  };

  if (stat.error)
    return (
      <div className="px-5">
        <Failure
          error={stat.error}
          retry={() => void stat.refetch()}
          title={
            asApiError(stat.error).status === 404 ? "This picture is not in the machine any more" : undefined
          }
        />
      </div>
    );
  return (
    <>
      <section
        ref={shown.place}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls and zooms, and must be reached by the keyboard for that.
        tabIndex={0}
        aria-label="Picture"
        onKeyDown={press}
        onWheel={wheel}
        className="grid min-h-0 flex-1 place-items-center overflow-auto bg-canvas p-6 -outline-offset-2"
      >
        {broken && <p className="text-muted">This browser cannot show it as a picture.</p>}
        {stat.data && (
          <img
            key={version}
            hidden={broken}
            alt={baseName(path)}
            data-testid="picture"
            src={contentsUrl(projectId, path, { version })}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
              setBroken(false);
              setSize({ width: naturalWidth, height: naturalHeight });
            }}
            onError={() => setBroken(true)}
            style={{
              ...SQUARES,
              width: size ? size.width * shown.scale : undefined,
              imageRendering: shown.scale >= 2 ? "pixelated" : "auto",
            }}
            className="max-w-none border border-line"
          />
        )}
      </section>
      <div className="flex h-8 shrink-0 items-center gap-1 border-t border-line bg-surface px-3 text-12 text-muted touch:h-11">
        <span data-number className="min-w-0 flex-1 truncate">
          {size && `${size.width} × ${size.height} px`}
          {stat.data && ` · ${fileSize(stat.data.size)}`}
        </span>
        <IconButton label="Smaller (-)" onClick={() => step(-1)}>
          <span aria-hidden="true">−</span>
        </IconButton>
        <span data-number className="w-12 text-center">
          {Math.round(shown.scale * 100)} %
        </span>
        <IconButton label="Larger (+)" onClick={() => step(1)}>
          <Icon name="plus" />
        </IconButton>
        <Button kind="quiet" size="small" aria-pressed={zoom === "fit"} onClick={() => setZoom("fit")}>
          Fit
        </Button>
        <Button kind="quiet" size="small" aria-pressed={zoom === 1} onClick={() => setZoom(1)}>
          1:1
        </Button>
      </div>
    </>
  );
}

const SQUARES = {
  backgroundImage:
    "conic-gradient(var(--raised) 25%, var(--surface) 0 50%, var(--raised) 0 75%, var(--surface) 0)",
  backgroundSize: "16px 16px",
};

/** What the machine has, asked anew when it changes there. */
function useStat(projectId: string, path: string, running: boolean) {
  const cache = useQueryClient();
  const queryKey = ["stat", projectId, path] as const;
  useWatched(projectId, running, { files: [path] }, () => void cache.invalidateQueries({ queryKey }));
  return useQuery({ queryKey, queryFn: () => statOf(projectId, path), staleTime: 0 });
}

/** The scale a zoom comes to in the place there is. */
function useShownScale(zoom: Zoom, size: { width: number; height: number } | null) {
  const place = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!place.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setRoom(entry.contentRect));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  const fits = size ? Math.min(1, room.width / size.width, room.height / size.height) : 1;
  return { place, scale: zoom === "fit" ? fits || 1 : zoom };
}
