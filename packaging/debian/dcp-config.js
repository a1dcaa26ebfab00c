/*
 * Configuration of this machine's DCP Workers. What is commented out has the value that is shown here, or the default
 * that `dcp-worker --help` names. `systemctl reload dcp-worker` reads it again.
 */
{
  worker: {
    // utilization: { cpu: 1, gpu: 1 },           /* the part of the cores that is used, above 0 up to 1 */
    // cores: { cpu: undefined, gpu: undefined }, /* Slices at the same time; undefined: all cores, two for each adapter */
    // maxSandboxes: undefined,                   /* no more Slices at the same time than this */
    // cleanupTimeout: 60,                        /* seconds that a soft stop may take */

    /* Origins that Work Functions may fetch from, if their Job requires it. */
    // allowOrigins: { any: [] },

    /* Compute Groups whose Jobs are taken, too. */
    // computeGroups: [ { joinKey: 'scott', joinSecret: 'tiger' } ],
  },
}
