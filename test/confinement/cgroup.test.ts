/** Where control groups are: by what the kernel says of mounts and processes on machines of several kinds, and on this one. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { cgroupOf, delegatedCgroup, folderOfCgroup } from '#src/evaluator/confinement/cgroup.js';

const ROOT_DISK = '29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n';
const UNIFIED = `${ROOT_DISK}24 29 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw
30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`;
const HYBRID = `${ROOT_DISK}31 23 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
36 31 0:33 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,memory
`;
const V1_ALONE = HYBRID.split('\n')
  .filter((line) => !line.includes('cgroup2'))
  .join('\n');
/** A container without a namespace of groups: it has its own part of the tree, and the names of the whole. */
const BOUND = `700 650 0:50 / / rw,relatime - overlay overlay rw
712 701 0:26 /system.slice/docker-4f0c.scope /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw
`;
const ODD = `${ROOT_DISK}40 29 0:26 / /srv/control\\040groups\\134v2 rw,relatime - cgroup2 none rw
`;
/** Mounted once more, over it. */
const COVERED = `${UNIFIED}99 23 0:26 /system.slice /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw
`;

const OF_UNIFIED = '0::/system.slice/dcp-worker.service/supervisor\n';
const OF_HYBRID = `12:pids:/system.slice/dcp-worker.service
9:memory:/system.slice/dcp-worker.service
1:name=systemd:/system.slice/dcp-worker.service/supervisor
${OF_UNIFIED}`;

function machineOf(t: TestContext, mountinfo: string, cgroup: string): string {
  const root = mkdtempSync(path.join(tmpdir(), 'dcp-cgroup-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(path.join(root, 'proc/self'), { recursive: true });
  writeFileSync(path.join(root, 'proc/self/mountinfo'), mountinfo);
  writeFileSync(path.join(root, 'proc/self/cgroup'), cgroup);
  return root;
}

/** A group with the files that are looked at. */
function makeGroup(root: string, folder: string, controllers: string): string {
  const made = path.join(root, folder);
  mkdirSync(made, { recursive: true });
  writeFileSync(path.join(made, 'cgroup.procs'), '');
  writeFileSync(path.join(made, 'cgroup.subtree_control'), `${controllers}\n`);
  return made;
}

const ORDINARY = 1000;

for (const [what, mountinfo, group, folder] of [
  ['version 2 alone', UNIFIED, '/a/b.service', '/sys/fs/cgroup/a/b.service'],
  ['its root', UNIFIED, '/', '/sys/fs/cgroup'],
  ['both versions', HYBRID, '/a/b.service', '/sys/fs/cgroup/unified/a/b.service'],
  ['version 1 alone', V1_ALONE, '/a/b.service', null],
  ['nothing mounted', ROOT_DISK, '/a/b.service', null],
  ['a part of the tree', BOUND, '/system.slice/docker-4f0c.scope/x', '/sys/fs/cgroup/x'],
  ['the part itself', BOUND, '/system.slice/docker-4f0c.scope', '/sys/fs/cgroup'],
  ['outside of the part', BOUND, '/system.slice/docker-4f0c.scope-2/x', null],
  ['above the part', BOUND, '/system.slice', null],
  ['blanks and backslashes', ODD, '/x', '/srv/control groups\\v2/x'],
  ['one mount over another', COVERED, '/system.slice/x', '/sys/fs/cgroup/x'],
  ['a line that is cut', '30 23 0:26 / ', '/x', null],
] as const)
  test(`where a group is: ${what}`, (t) => {
    const root = machineOf(t, mountinfo, OF_UNIFIED);
    assert.equal(folderOfCgroup(group, root), folder && path.join(root, folder));
  });

test('the group of a process is that of version 2', (t) => {
  for (const [text, group] of [
    [OF_UNIFIED, '/system.slice/dcp-worker.service/supervisor'],
    [OF_HYBRID, '/system.slice/dcp-worker.service/supervisor'],
    ['0::/\n', '/'],
    ['12:pids:/x\n1:name=systemd:/x\n', null],
    ['', null],
  ] as const)
    assert.equal(cgroupOf('self', machineOf(t, UNIFIED, text)), group);
  assert.equal(cgroupOf(7, machineOf(t, UNIFIED, OF_UNIFIED)), null);
});

for (const [what, mountinfo, cgroup, service] of [
  ['version 2 alone', UNIFIED, OF_UNIFIED, 'sys/fs/cgroup/system.slice/dcp-worker.service'],
  ['both versions', HYBRID, OF_HYBRID, 'sys/fs/cgroup/unified/system.slice/dcp-worker.service'],
  ['blanks in the path', ODD, OF_UNIFIED, 'srv/control groups\\v2/system.slice/dcp-worker.service'],
  ['a container', BOUND, '0::/system.slice/docker-4f0c.scope/supervisor\n', 'sys/fs/cgroup'],
] as const)
  test(`what a service manager has delegated is the group above: ${what}`, (t) => {
    const root = machineOf(t, mountinfo, cgroup);
    assert.equal(delegatedCgroup(root, ORDINARY), null, 'it is not there');
    const made = makeGroup(root, service, 'memory pids');
    assert.equal(delegatedCgroup(root, ORDINARY), made);
    assert.equal(delegatedCgroup(root, 0), null, 'to root everything looks so');
    writeFileSync(path.join(made, 'cgroup.subtree_control'), 'cpu io\n');
    assert.equal(delegatedCgroup(root, ORDINARY), null, 'it limits nothing');
    rmSync(path.join(made, 'cgroup.procs'));
    writeFileSync(path.join(made, 'cgroup.subtree_control'), 'pids\n');
    assert.equal(delegatedCgroup(root, ORDINARY), null, 'no process can be put into it');
  });

test('the group of a slice is not delegated: others have theirs there', (t) => {
  const root = machineOf(t, UNIFIED, '0::/user.slice/user-1000.slice/session-3.scope\n');
  makeGroup(root, 'sys/fs/cgroup/user.slice/user-1000.slice', 'memory pids');
  assert.equal(delegatedCgroup(root, ORDINARY), null);
});

const own = cgroupOf('self');

test(
  'on this machine this process is found in its group',
  {
    skip: (own === null || folderOfCgroup(own) === null) && 'no control groups of version 2 here',
  },
  () => {
    const folder = folderOfCgroup(own!)!;
    assert.ok(existsSync(path.join(folder, 'cgroup.procs')), folder);
    const inIt = readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number);
    assert.ok(inIt.includes(process.pid));
  },
);
