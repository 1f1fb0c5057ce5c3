package dev.jubilee.events.aggregates;

import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * How the state of an aggregate becomes bytes, and an aggregate again. Thread-safe.
 *
 * <p>Its content type carries the version of the format, such as {@code application/json;
 * version=2}. A snapshot of another content type is not read: after a change of the state's shape,
 * raise the version, and each aggregate is read from its events once more.
 */
public interface SnapshotFormat<A> {
    String contentType();

    /** The state of the aggregate, its version and its id left out. */
    byte[] write(A aggregate);

    /** The aggregate of this id with this state. */
    A read(String id, byte[] state);

    /** A format of two functions. */
    static <A> SnapshotFormat<A> of(
            String contentType, Function<A, byte[]> write, BiFunction<String, byte[], A> read) {
        return new SnapshotFormat<>() {
            @Override
            public String contentType() {
                return contentType;
            }

            @Override
            public byte[] write(A aggregate) {
                return write.apply(aggregate);
            }

            @Override
            public A read(String id, byte[] state) {
                return read.apply(id, state);
            }
        };
    }
}
