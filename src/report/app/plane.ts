/** The plane of the space-time diagram: which place is which time and which host. */
import type { Band, LinkBand } from '../bands.ts';
import type { MessageIndex } from '../message-index.ts';
import type { ReportedRun } from '../page-data.ts';
import { colourOf } from './theme.ts';

export const GUTTER_PX = 72;
export const AXIS_PX = 30;
export const BAR_PX = 17;
/** Height of a lane, by how many there are. */
const LANE_MIN_PX = 7;
const LANE_MAX_PX = 92;
const LANES_PX = 620;

/** What is drawn. */
export interface Scene {
  readonly run: ReportedRun;
  readonly index: MessageIndex;
  readonly bands: readonly Band[];
  readonly linkBands: readonly LinkBand[];
  readonly fromUs: number;
  readonly untilUs: number;
  readonly atUs: number;
  readonly failedUs: number | undefined;
  /** Whether a message passes all filters. */
  readonly isShown: (message: number) => boolean;
  /** Whether a lane is of a host that is chosen. */
  readonly isChosen: (host: number) => boolean;
  /** Steps that led to the selected one, that one first; empty: nothing is selected. */
  readonly way: readonly number[];
  readonly selectedMessage: number | undefined;
}

/** One frame. */
export class Plane {
  readonly context: CanvasRenderingContext2D;
  readonly scene: Scene;
  readonly width: number;
  readonly height: number;
  readonly lane: number;
  readonly top: number;
  readonly #colours = new Map<string, string>();

  constructor(context: CanvasRenderingContext2D, scene: Scene, width: number) {
    const count = scene.run.recording.hosts.length;
    this.context = context;
    this.scene = scene;
    this.width = width;
    this.lane = Math.min(LANE_MAX_PX, Math.max(LANE_MIN_PX, Math.floor(LANES_PX / count)));
    this.top = 8 + BAR_PX * (1 + Math.max(-1, ...scene.linkBands.map(({ row }) => row)));
    this.height = this.top + count * this.lane + AXIS_PX;
  }

  /** Of a custom property; asked of the style sheet once a frame. */
  colour(variable: string): string {
    const known = this.#colours.get(variable);
    if (known !== undefined) return known;
    const colour = colourOf(variable);
    this.#colours.set(variable, colour);
    return colour;
  }

  get usPerPixel(): number {
    return (this.scene.untilUs - this.scene.fromUs) / Math.max(1, this.width - GUTTER_PX);
  }

  x(us: number): number {
    return GUTTER_PX + (us - this.scene.fromUs) / this.usPerPixel;
  }

  /** The middle of a lane. */
  y(host: number): number {
    return this.top + (host + 0.5) * this.lane;
  }

  timeAt(x: number): number {
    return this.scene.fromUs + (x - GUTTER_PX) * this.usPerPixel;
  }

  isSeen(fromUs: number, untilUs: number): boolean {
    return untilUs >= this.scene.fromUs && fromUs <= this.scene.untilUs;
  }

  /** From left to right, cut at the edges. */
  stretch(fromUs: number, untilUs: number): { readonly x: number; readonly width: number } {
    const x = Math.max(GUTTER_PX, this.x(fromUs));
    return { x, width: Math.max(2, Math.min(this.width, this.x(untilUs)) - x) };
  }

  /** Both ends of a message's line. */
  lineOf(message: number): {
    readonly x1: number;
    readonly y1: number;
    readonly x2: number;
    readonly y2: number;
  } {
    const { run, index } = this.scene;
    const { from, to } = run.recording.messages;
    return {
      x1: this.x(index.sentUs[message] ?? 0),
      y1: this.y(from[message] ?? 0),
      x2: this.x(index.arrivedUs[message] ?? 0),
      y2: this.y(to[message] ?? 0),
    };
  }

  isDelivered(message: number): boolean {
    return (this.scene.run.recording.messages.deliveredIn[message] ?? -1) >= 0;
  }
}
