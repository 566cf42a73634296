/** The sound of a notice: two soft tones, made here, so that nothing is fetched for it. */

const TONES = [
  { hertz: 659.3, at: 0 },
  { hertz: 880, at: 0.14 },
];
const LOUD = 0.12;
const LASTS_S = 0.5;

let audio: AudioContext | undefined;

/** False where the browser allows no sound: before the first press on the page, for example. */
export async function chime(): Promise<boolean> {
  try {
    audio ??= new AudioContext();
    const waiting = audio.state === "suspended" && audio.resume();
    // A page that was never pressed stays suspended, and resume() never ends.
    if (waiting) await Promise.race([waiting, new Promise((over) => setTimeout(over, 300))]);
    if (audio.state !== "running") return false;
    for (const tone of TONES) play(audio, tone.hertz, audio.currentTime + tone.at);
    return true;
  } catch {
    return false;
  }
}

function play(context: AudioContext, hertz: number, from: number): void {
  const tone = new OscillatorNode(context, { frequency: hertz, type: "sine" });
  const loud = new GainNode(context, { gain: 0 });
  loud.gain.setValueAtTime(0, from);
  loud.gain.linearRampToValueAtTime(LOUD, from + 0.02);
  loud.gain.exponentialRampToValueAtTime(0.001, from + LASTS_S);
  tone.connect(loud).connect(context.destination);
  tone.start(from);
  tone.stop(from + LASTS_S);
}
