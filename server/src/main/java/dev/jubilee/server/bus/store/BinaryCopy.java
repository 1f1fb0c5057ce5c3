package dev.jubilee.server.bus.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows in PostgreSQL's <a
 * href="https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT">binary COPY
 * format</a>, which needs no escaping. Not thread-safe; the buffer is kept for the next use.
 */
public final class BinaryCopy {
    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    private static final int CHUNK = 64 * 1024;
    private static final int MAX_KEPT = 1 << 20;
    private static final long EPOCH_2000 = 946_684_800L;

    private byte[] buffer = new byte[2 * CHUNK];
    private int length;

    /** Begins anew. */
    public void begin() {
        length = 0;
        bytes(HEADER);
    }

    /** Begins a row of so many fields, which must follow. */
    public void row(int fields) {
        ensure(2);
        buffer[length++] = (byte) (fields >> 8);
        buffer[length++] = (byte) fields;
    }

    /** A field that is null. */
    public void nothing() {
        integer(-1);
    }

    public void uuid(UUID value) {
        integer(16);
        longInteger(value.getMostSignificantBits());
        longInteger(value.getLeastSignificantBits());
    }

    public void text(@Nullable String value) {
        if (value == null) {
            nothing();
        } else {
            field(value.getBytes(UTF_8));
        }
    }

    public void field(byte @Nullable [] value) {
        if (value == null) {
            nothing();
        } else {
            integer(value.length);
            bytes(value);
        }
    }

    public void int2(int value) {
        integer(2);
        ensure(2);
        buffer[length++] = (byte) (value >> 8);
        buffer[length++] = (byte) value;
    }

    public void float8(double value) {
        int8(Double.doubleToLongBits(value));
    }

    public void int4(int value) {
        integer(4);
        integer(value);
    }

    public void int8(long value) {
        integer(8);
        longInteger(value);
    }

    /** To the microsecond, which is what PostgreSQL keeps. */
    public void timestamp(Instant value) {
        int8(
                Math.addExact(
                        Math.multiplyExact(value.getEpochSecond() - EPOCH_2000, 1_000_000L),
                        value.getNano() / 1_000));
    }

    public void bool(boolean value) {
        integer(1);
        ensure(1);
        buffer[length++] = (byte) (value ? 1 : 0);
    }

    /** Sends what has gathered, when it is worth it. */
    public void flushWhenFull(CopyIn copy) throws SQLException {
        if (length >= CHUNK) {
            flush(copy);
        }
    }

    /** Sends the rest and ends the copy. */
    public long end(CopyIn copy) throws SQLException {
        row(-1);
        flush(copy);
        if (buffer.length > MAX_KEPT) {
            buffer = new byte[2 * CHUNK];
        }
        return copy.endCopy();
    }

    private void flush(CopyIn copy) throws SQLException {
        copy.writeToCopy(buffer, 0, length);
        length = 0;
    }

    private void integer(int value) {
        ensure(4);
        buffer[length++] = (byte) (value >> 24);
        buffer[length++] = (byte) (value >> 16);
        buffer[length++] = (byte) (value >> 8);
        buffer[length++] = (byte) value;
    }

    private void longInteger(long value) {
        integer((int) (value >> 32));
        integer((int) value);
    }

    private void bytes(byte[] value) {
        ensure(value.length);
        System.arraycopy(value, 0, buffer, length, value.length);
        length += value.length;
    }

    private void ensure(int more) {
        if (length + more > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, length + more));
        }
    }
}
