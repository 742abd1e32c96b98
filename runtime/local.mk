# runtime/: the floors above oci/. Nothing below points up.
