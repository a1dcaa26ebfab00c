/*
 * Configuration of this machine's DCP Workers. What is commented out is as the Worker has it without this file;
 * docs/CONFIGURATION.md has every key. `systemctl reload dcp-worker` puts changes into effect.
 */
{
  worker: {
    /* Slices run at the same time, and of these those that use a GPU; undefined: all cores, two for each adapter. */
    // cores: { cpu: undefined, gpu: undefined },

    /* The part of them that is used, above 0 up to 1. */
    // utilization: { cpu: 1, gpu: 1 },

    /* Origins that Work Functions may fetch from, if their Job requires it. */
    // allowOrigins: { any: [] },

    /* Compute Groups whose Jobs are taken, too. Only root and group dcp can read this file. */
    // computeGroups: [{ joinKey: 'scott', joinSecret: 'tiger' }],

    /* Where the log goes; "detect" is the journal. The service may write to /var/log/dcp. */
    // output: ['detect'],
    // logfile: { path: '/var/log/dcp/dcp-worker.log' },

    /* Seconds that a stop may take; more than 80 need a longer TimeoutStopSec= in the unit, too. */
    // cleanupTimeout: 60,
  },
}
