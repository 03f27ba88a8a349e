/** The house rules that no built-in rule of oxlint covers, as a plugin of oxlint. Which files a rule holds for stands in .oxlintrc.json. */
import { floors } from './floors.mjs';
import { noBarrel, noForIn, noTypeAssertion, openingSentence, sortCompare } from './style.mjs';
import { noAsync, noErrorText, noExponent, noLocale, noTry, pureMath } from './world.mjs';

export default {
  meta: { name: 'aureon' },
  rules: {
    floors,
    'no-async': noAsync,
    'no-barrel': noBarrel,
    'no-error-text': noErrorText,
    'no-exponent': noExponent,
    'no-for-in': noForIn,
    'no-locale': noLocale,
    'no-try': noTry,
    'no-type-assertion': noTypeAssertion,
    'opening-sentence': openingSentence,
    'pure-math': pureMath,
    'sort-compare': sortCompare,
  },
};
