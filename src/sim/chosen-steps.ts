/** What can come next in a run whose order is chosen: the words between the network, the kernel and who chooses. */

/** A message that could arrive next: the oldest that is under way on its connection. */
export interface Delivery {
  readonly kind: 'delivery';
  readonly from: number;
  readonly to: number;
  readonly messageKind: string;
  /** Which of that kind on its link, from 0. */
  readonly ordinal: number;
  /** What the program sent; undefined: the network's own, the end of a connection. */
  readonly message: unknown;
  /** When it left its sender. */
  readonly leftUs: number;
  /** When it would arrive. */
  readonly atUs: number;
}

/** The next event that is no arrival could come next: a timer, a flush that is done, a fault. */
export interface LocalStep {
  readonly kind: 'local';
  /** -1: nobody's. */
  readonly host: number;
  /** `component * 256 + op`. */
  readonly code: number;
  readonly atUs: number;
}

export type Step = Delivery | LocalStep;

/** An arrival that the network hands over in place of scheduling it. */
export interface Arrival {
  readonly delivery: Delivery;
  /** When it would arrive if nothing else were under way on its connection. */
  readonly baseUs: number;
  /** The receiving end: arrivals of one end stay in order. */
  readonly end: number;
  readonly slot: number;
  /** Told when it arrives. */
  readonly onTime: (atUs: number) => void;
}
