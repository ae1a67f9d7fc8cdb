import { describeScenarios } from './scenarios.ts';

describeScenarios('distributed');
