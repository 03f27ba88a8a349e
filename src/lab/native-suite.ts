/** Native signatures and hashes for simulations, where the machine has them; ZIP-215 stays the judge of "invalid". */
import { createRequire } from 'node:module';
