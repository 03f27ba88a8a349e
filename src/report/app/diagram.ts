/** The space-time diagram of one canvas: draws a scene, and tells what stands at a place. */
import { drawAxis, drawLanes, drawMoments, drawNames, drawNow } from './draw-lanes.ts';
import { type Drawn, drawEvents, drawMessages, drawWay } from './draw-messages.ts';
import { AXIS_PX, GUTTER_PX, Plane, type Scene } from './plane.ts';

/** A click so near to a line means it. */
const HIT_PX = 7;

export class Diagram {
  readonly #context: CanvasRenderingContext2D;
  #plane: Plane | undefined;
  #drawn: Drawn = { seen: 0, messages: [], events: [] };

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('this browser draws on no canvas');
    this.#context = context;
  }

  draw(scene: Scene): Drawn {
    const context = this.#context;
    const { canvas } = context;
    const plane = new Plane(context, scene, canvas.clientWidth);
    this.#plane = plane;
    this.#fit(plane);
    context.clearRect(0, 0, plane.width, plane.height);
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.save();
    context.beginPath();
    context.rect(GUTTER_PX, 0, plane.width - GUTTER_PX, plane.height - AXIS_PX + 2);
    context.clip();
    drawLanes(plane);
    const messages = drawMessages(plane);
    const events = drawEvents(plane);
    drawMoments(plane);
    drawWay(plane);
    context.restore();
    drawNames(plane);
    drawAxis(plane);
    drawNow(plane);
    this.#drawn = { ...messages, events };
    return this.#drawn;
  }

  timeAt(x: number): number {
    return this.#plane?.timeAt(x) ?? 0;
  }

  get usPerPixel(): number {
    return this.#plane?.usPerPixel ?? 1;
  }

  /** The host whose name stands there; undefined: no name does. */
  nameAt(x: number, y: number): number | undefined {
    const plane = this.#plane;
    if (plane === undefined || x > GUTTER_PX) return undefined;
    const host = Math.floor((y - plane.top) / plane.lane);
    return host >= 0 && host < plane.scene.run.recording.hosts.length ? host : undefined;
  }

  /** The event or the message whose line is nearest to a place: an event comes first. */
  hit(x: number, y: number): { readonly event: number } | { readonly message: number } | undefined {
    const plane = this.#plane;
    if (plane === undefined || x < GUTTER_PX) return undefined;
    const { emitted } = plane.scene.run.recording;
    for (const event of this.#drawn.events) {
      const dx = plane.x(emitted.atUs[event] ?? 0) - x;
      if (Math.hypot(dx, plane.y(emitted.host[event] ?? 0) - y) < HIT_PX) return { event };
    }
    let best: number | undefined;
    let bestPx = HIT_PX;
    for (const message of this.#drawn.messages) {
      const { x1, y1, x2, y2 } = plane.lineOf(message);
      const px = plane.isDelivered(message) ? distance(x, y, x1, y1, x2, y2) : Math.hypot(x1 - x, y1 - y);
      if (px < bestPx) [best, bestPx] = [message, px];
    }
    return best === undefined ? undefined : { message: best };
  }

  #fit({ width, height }: Plane): void {
    const { canvas } = this.#context;
    const ratio = devicePixelRatio;
    const [pixelsAcross, pixelsDown] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== pixelsAcross || canvas.height !== pixelsDown) {
      canvas.width = pixelsAcross;
      canvas.height = pixelsDown;
      canvas.style.height = `${height}px`;
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
}

/** From a place to the nearest point of a line. */
function distance(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x1 + share * dx - x, y1 + share * dy - y);
}
