/** Where a Sandbox may differ from the oracle. */
interface Permitted {
  readonly reason: string;
  /** Whether they differ depends on the Node that the oracle runs on, or on the Dawn of the Sandbox. */
  readonly varies?: boolean;
  /** By `Difference.at`, with all that lies within: what the Sandbox has there, as `Difference.sandbox`; null: whatever it may be. */
  readonly places: Readonly<Record<string, string | null>>;
}

const WEBIDL = 'dawn.node converts arguments in ways of its own; the Sandbox as Web IDL says';
const CRASH = 'dawn.node takes its process with it';
const REJECTS =
  'Web IDL: an operation that answers a promise rejects it when its receiver is another object; dawn.node throws';
const SETLIKE = 'dawn.node lacks methods of setlikes';
const READONLY =
  'Web IDL: a readonly attribute has no setter, and strict code throws; dawn.node has plain properties';
const EVENTS =
  "dawn.node's events are not quite the DOM's: not trusted, without a target, and fired within the call that went wrong";
const CONSTRUCT = 'constructors of dawn.node take too little; the specification requires these arguments';
const CLASS = 'dawn.node throws an Error of its own class';
const FROZEN = 'the specification has a FrozenArray, always the same';
const TAG = 'dawn.node gives its errors the tag of DOMException';
const LIMITS = "what this driver's limits are to the older Dawn of the Sandbox; a newer one agrees";
const IDENTIFIERS =
  "dawn.node gives the driver's own name of the device; the specification a normalised identifier";
const QUEUE = 'dawn.node forgets the label of the queue';
const BLEND = 'dawn.node does not know this blend factor';
const DETACH =
  'the specification gives mapped ranges a detach key, so that nobody transfers them away; dawn.node does not';
const OWN = 'dawn.node has attributes as properties of each object';
const CLONE = 'the specification makes none of these serializable; dawn.node lets plain copies be made';

/** By the program's name. */
export const PERMITTED: Readonly<Record<string, Permitted>> = {
  'adapter: requestAdapter with options of other types': {
    reason: WEBIDL,
    places: {
      'value.3': "'TypeError'",
      'value.4': "'TypeError'",
      'value.5': "'TypeError'",
    },
  },
  'adapter: requestAdapter of another object': {
    reason: REJECTS,
    places: {
      'value.rejected': "'TypeError'",
    },
  },
  'adapter: wgslLanguageFeatures is a set': {
    reason: SETLIKE,
    places: {
      '': "{ kind: 'returned', value: [ true, '[object WGSLLanguageFeatures]', true, true, false, true, false ], uncaptured: [] }",
    },
  },
  'adapter: adapter.features is a set of names': {
    reason: SETLIKE,
    places: {
      '': "{ kind: 'returned', value: [ true, true, '[object GPUSupportedFeatures]', true, true, true, false, true, false ], uncaptured: [] }",
    },
  },
  'adapter: adapter.info names things by normalised identifiers': {
    reason: IDENTIFIERS,
    // Only of some drivers.
    varies: true,
    places: {
      'value.2': 'true',
    },
  },
  'adapter: adapter.limits of this driver': {
    reason: LIMITS,
    varies: true,
    places: {
      'value.maxSampledTexturesPerShaderStage': null,
      'value.maxStorageBuffersPerShaderStage': null,
      'value.maxInterStageShaderVariables': null,
      'value.maxColorAttachmentBytesPerSample': null,
    },
  },
  'adapter: requestDevice with limits that are no numbers': {
    reason: WEBIDL,
    places: {
      'value.6': "'resolved'",
    },
  },
  'adapter: requestDevice with a descriptor of another type': {
    reason: WEBIDL,
    places: {
      'value.0': "'TypeError'",
      'value.1': "'TypeError'",
      'value.2': "'TypeError'",
    },
  },
  'adapter: requestDevice labels device and queue': {
    reason: QUEUE,
    places: {
      'value.1': "'the queue'",
    },
  },
  'adapter: requestDevice of another object': {
    reason: REJECTS,
    places: {
      'value.rejected': "'TypeError'",
    },
  },
  'conversion: nothing where a dictionary must be': {
    reason: CRASH,
    places: {
      '': "{ kind: 'returned', value: [ [ [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ] ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' } ], [ { threw: 'TypeError' }, { threw: 'TypeError' } ], { rejected: 'TypeError' }, { rejected: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], uncaptured: [] }",
    },
  },
  'device: importExternalTexture of no video': {
    reason: CRASH,
    places: {
      '': "{ kind: 'returned', value: [ 1, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], uncaptured: [] }",
    },
  },
  'conversion: a symbol where a string must be': {
    reason: CRASH,
    places: {
      '': "{ kind: 'returned', value: [ { threw: 'TypeError' }, { threw: 'TypeError' }, '', { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], uncaptured: [] }",
    },
  },
  'conversion: sequences from any iterable': {
    reason: WEBIDL,
    places: {
      '': "{ kind: 'returned', value: [ [ 5, 6, 7 ], { value: true }, Uint8Array(4) [ 255, 0, 255, 255 ] ], uncaptured: [] }",
    },
  },
  'conversion: an iterator that fails': {
    reason: WEBIDL,
    places: {
      'value.0.threw': "'RangeError'",
    },
  },
  'conversion: numbers from strings, booleans, null and objects': {
    reason: WEBIDL,
    places: {
      'value.0': '{ value: 16 }',
      'value.1': '{ value: 16 }',
      'value.2': '{ value: 1 }',
      'value.3': '{ value: 8 }',
      'value.4': '{ value: 12 }',
      'value.5': '{ value: 4 }',
      'value.6': '{ value: 0 }',
    },
  },
  'conversion: numbers that are no whole ones': {
    reason: WEBIDL,
    places: {
      'value.1': '{ value: 0 }',
    },
  },
  'conversion: what a valueOf throws comes through': {
    reason: WEBIDL,
    places: {
      'value.0.threw': "'RangeError'",
    },
  },
  'conversion: views of bytes of every kind': {
    reason: CRASH,
    varies: true,
    places: {
      '': "{\n  kind: 'returned',\n  value: [\n    [\n      { value: undefined },\n      Uint8Array(32) [\n        9, 10, 11, 12, 13, 14, 15, 16, 0,\n        0,  0,  0,  0,  0,  0,  0,  0, 0,\n        0,  0,  0,  0,  0,  0,  0,  0, 0,\n        0,  0,  0,  0,  0\n      ]\n    ],\n    [\n      { value: undefined },\n      Uint8Array(32) [\n        5, 6, 7, 8, 9, 10, 11, 12, 0,\n        0, 0, 0, 0, 0,  0,  0,  0, 0,\n        0, 0, 0, 0, 0,  0,  0,  0, 0,\n        0, 0, 0, 0, 0\n      ]\n    ],\n    [\n      { value: undefined },\n      Uint8Array(32) [\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0\n      ]\n    ],\n    [\n      { value: undefined },\n      Uint8Array(32) [\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0, 0, 0, 0, 0,\n        0, 0, 0, 0, 0\n      ]\n    ]\n  ],\n  uncaptured: []\n}",
    },
  },
  'conversion: methods need all their arguments': {
    reason: CRASH,
    places: {
      '': "{ kind: 'returned', value: [ { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' }, { threw: 'TypeError' } ], uncaptured: [] }",
    },
  },
  'device: a device is read only where it says so': {
    reason: READONLY,
    places: {
      'value.0.0': "{ threw: 'TypeError' }",
      'value.0.1': 'true',
      'value.1.0': "{ threw: 'TypeError' }",
      'value.1.1': 'true',
      'value.2.0': "{ threw: 'TypeError' }",
      'value.2.1': 'true',
      'value.3.0': "{ threw: 'TypeError' }",
      'value.3.1': 'true',
      'value.4.0': "{ threw: 'TypeError' }",
      'value.4.1': 'true',
    },
  },
  'device: methods of a device refuse other objects': {
    reason: REJECTS,
    places: {
      'value.8.rejected': "'TypeError'",
    },
  },
  'errors: uncapturederror brings the error': {
    reason: EVENTS,
    places: {
      'value.6': 'true',
    },
  },
  'errors: uncapturederror is not delivered within the call': {
    reason: EVENTS,
    places: {
      'value.0': "'after the call'",
      'value.1': "'microtask'",
      'value.2': "'event'",
    },
  },
  'errors: onuncapturederror takes functions and null': {
    reason: WEBIDL,
    places: {
      'value.6': '{ value: undefined }',
      'value.9': '{ value: undefined }',
      'value.15': '{ value: undefined }',
      'value.17': 'false',
    },
  },
  'errors: a device dispatches events like any EventTarget': {
    reason: EVENTS,
    places: {
      'value.1.1': 'true',
    },
  },
  'errors: errors can be constructed': {
    reason: CONSTRUCT,
    places: {
      'value.0.4': '1',
      'value.0.5': "{ threw: 'TypeError' }",
      'value.1.4': '1',
      'value.1.5': "{ threw: 'TypeError' }",
      'value.2.4': '1',
      'value.2.5': "{ threw: 'TypeError' }",
    },
  },
  'errors: GPUPipelineError is a DOMException': {
    reason: CONSTRUCT,
    places: {
      'value.8': "{ threw: 'TypeError' }",
    },
  },
  'errors: GPUUncapturedErrorEvent can be constructed': {
    reason: CONSTRUCT,
    places: {
      'value.6': "{ threw: 'TypeError' }",
    },
  },
  'buffer: sizes of buffers': {
    reason: WEBIDL,
    places: {
      'value.6.0': "'none'",
      'value.6.1': '16',
      'value.7.0': "'none'",
      'value.8.0': "'none'",
      'value.8.1': '1',
      'value.9.0': "'none'",
      'value.9.1': '8',
    },
  },
  'buffer: a descriptor is read in the order of its names': {
    reason: WEBIDL,
    places: {
      'value.1': "'mappedAtCreation'",
      'value.2': "'size'",
      'value.3': "'usage'",
    },
  },
  'buffer: what a getter of a descriptor throws comes through': {
    reason: CRASH,
    places: {
      '': "{ kind: 'returned', value: [ { threw: 'RangeError' }, 4 ], uncaptured: [] }",
    },
  },
  'buffer: methods of a buffer refuse other objects': {
    reason: CLASS,
    places: {
      'value.3.threw': "'TypeError'",
      'value.4.threw': "'TypeError'",
      'value.5.rejected': "'TypeError'",
    },
  },
  'mapping: a mapped range cannot be transferred away': {
    reason: DETACH,
    places: {
      'value.0': "{ threw: 'TypeError' }",
    },
  },
  'texture: extents as lists and as objects': {
    reason: WEBIDL,
    places: {
      'value.7.0': "'threw TypeError'",
      'value.7.1': '[]',
      'value.14.0': "'none'",
      'value.14.1': '[ 1, 1, 1 ]',
      'value.15.0': "'GPUValidationError'",
      'value.15.1': '[ 4, 0, 1 ]',
    },
  },
  'binding: layouts whose descriptor is wrong': {
    reason: WEBIDL,
    places: {
      'value.10': "'TypeError'",
    },
  },
  'binding: getBindGroupLayout beyond the groups': {
    reason: WEBIDL,
    places: {
      'value.7': "{ value: '[GPUBindGroupLayout]' }",
    },
  },
  'shader: descriptors of modules that are wrong': {
    reason: WEBIDL,
    places: {
      'value.0': "'TypeError'",
      'value.1': "'TypeError'",
      'value.2': "'TypeError'",
      uncaptured: "[ 'GPUValidationError', 'GPUValidationError' ]",
    },
  },
  'shader: compilation info of code without a fault': {
    reason: FROZEN,
    places: {
      'value.4': 'true',
      'value.5': 'true',
    },
  },
  'compute pipeline: the error of an asynchronous pipeline': {
    reason: TAG,
    places: {
      'value.5': "'[object GPUPipelineError]'",
    },
  },
  'render pipeline: every blend factor and operation': {
    reason: BLEND,
    places: {
      'value.42': "'one-minus-src1-alpha add GPUValidationError'",
      'value.43': "'one-minus-src1-alpha subtract GPUValidationError'",
      'value.44': "'one-minus-src1-alpha reverse-subtract GPUValidationError'",
    },
  },
  'encoder: copyBufferToBuffer with arguments that are wrong': {
    reason: WEBIDL,
    places: {
      'value.13': '{ value: undefined }',
    },
  },
  'encoder: copies of textures with arguments that are wrong': {
    reason: WEBIDL,
    places: {
      'value.2.threw': "'TypeError'",
      'value.3': "{ threw: 'TypeError' }",
      'value.5': "{ threw: 'TypeError' }",
      'value.6': "{ threw: 'TypeError' }",
      'value.7': "{ threw: 'TypeError' }",
    },
  },
  'encoder: debug groups of an encoder': {
    reason: WEBIDL,
    places: {
      'value.3': "{ threw: 'TypeError' }",
    },
  },
  'compute pass: dispatches whose numbers are wrong': {
    reason: WEBIDL,
    places: {
      'value.9': '{ value: undefined }',
    },
  },
  'compute pass: dynamic offsets that are wrong': {
    reason: WEBIDL,
    places: {
      'value.10.0': "{ threw: 'TypeError' }",
      'value.10.1': "{ threw: 'TypeError' }",
      'value.10.2': "'none'",
      'value.17.0': "{ threw: 'TypeError' }",
      'value.17.1': "{ threw: 'TypeError' }",
      'value.21.0': "{ threw: 'TypeError' }",
      'value.21.1': "{ threw: 'TypeError' }",
    },
  },
  'render pass: colours as lists and as objects': {
    reason: WEBIDL,
    places: {
      'value.3.0': '{ value: undefined }',
      'value.3.1': 'Uint8Array(4) [ 0, 0, 255, 255 ]',
      'value.4.0': "{ threw: 'TypeError' }",
      'value.4.1': 'Uint8Array(4) [ 0, 0, 0, 0 ]',
      'value.5.0': "{ threw: 'TypeError' }",
      'value.5.1': 'Uint8Array(4) [ 0, 0, 0, 0 ]',
      'value.9.0': "{ threw: 'TypeError' }",
      uncaptured: '[]',
    },
  },
  'render pass: setVertexBuffer and setIndexBuffer with arguments that are wrong': {
    reason: WEBIDL,
    places: {
      'value.2.0': "{ threw: 'TypeError' }",
    },
  },
  'render pass: viewport, scissors, blend constant and stencil reference': {
    reason: WEBIDL,
    places: {
      'value.8.0': "{ threw: 'TypeError' }",
      'value.8.1': "'none'",
      'value.18.0': "{ threw: 'TypeError' }",
    },
  },
  'queue: writeTexture that is wrong': {
    reason: WEBIDL,
    places: {
      'value.11': "'threw TypeError'",
    },
  },
  'queue: promises of a queue that is taken for another': {
    reason: REJECTS,
    places: {
      'value.0.rejected': "'TypeError'",
    },
  },
  'lifetime: objects carry properties of their own': {
    reason: OWN,
    places: {
      'value.2': "[ 'mine' ]",
    },
  },
  'lifetime: objects cannot be cloned': {
    reason: CLONE,
    places: {
      'value.1': "{ threw: 'DOMException DataCloneError' }",
      'value.2': "{ threw: 'DOMException DataCloneError' }",
    },
  },
};
