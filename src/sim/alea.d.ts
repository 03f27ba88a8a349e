/** seedrandom's `alea` alone: the package's main file asks the machine for entropy while it loads. */
declare module 'seedrandom/lib/alea.js' {
  /** Repeatable numbers from a text: `int32` is a signed 32-bit integer. */
  const alea: (seed: string) => { int32(): number };
  export default alea;
}
