/** `npm run test:queue`: sweeps over a real redis-server; `--install` fetches it where it is missing. Fails when it ran nothing. */
import { runNeedingProgram } from '../support/needing-program.ts';

runNeedingProgram({ program: 'redis-server', script: 'test:queue', folder: 'queue' });
