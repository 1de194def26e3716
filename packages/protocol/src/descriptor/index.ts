export {
  dayKeyIdOf,
  isOperator,
  MAX_DESCRIPTOR_BYTES,
  MAX_OPERATOR_BYTES,
  nodeIdOf,
  openDescriptor,
  signDescriptor,
  type DayKey,
  type Descriptor,
  type DescriptorRefusal,
  type StampPrice,
} from "./descriptor.ts";
