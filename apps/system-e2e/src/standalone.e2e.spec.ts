import { describeScenarios } from './scenarios.ts';

describeScenarios('standalone');
