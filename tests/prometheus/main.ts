/** `npm run test:prometheus`: a real Prometheus reads real nodes and a simulated run; `--install` fetches it. Fails when it ran nothing. */
import { runNeedingProgram } from '../support/needing-program.ts';

runNeedingProgram({ program: 'prometheus', script: 'test:prometheus', folder: 'prometheus' });
