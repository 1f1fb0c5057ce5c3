package dev.jubilee.events.postgres;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGBinaryObject;
import org.postgresql.util.PGobject;

/**
 * A parameter that is an array of a type which the JDBC driver would write, and PostgreSQL read, as
 * text. Set it with {@link java.sql.PreparedStatement#setObject(int, Object)}.
 *
 * <p>It travels in the binary format of PostgreSQL's <a
 * href="https://www.postgresql.org/docs/18/protocol-overview.html#PROTOCOL-FORMAT-CODES">{@code
 * array_send}</a> on connections that have {@link #BINARY_TRANSFER} as their {@code
 * binaryTransferEnable}, and as text on others: both give the same values. Not thread-safe.
 */
public final class SqlArray extends PGobject implements PGBinaryObject {
    /** What the driver's property {@code binaryTransferEnable} must name. */
    public static final String BINARY_TRANSFER = "UUID_ARRAY,TIMESTAMPTZ_ARRAY";

    private static final long serialVersionUID = 1;
    private static final int UUID_OID = 2950;
    private static final int TIMESTAMPTZ_OID = 1184;
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final int HEADER = 20;
    private static final int NULL_LENGTH = -1;

    private final int elementOid;

    /** Elements of 8 or 16 bytes, each behind its length. */
    private final byte[] elements;

    private final int count;
    private final boolean hasNulls;

    private SqlArray(String type, int elementOid, byte[] elements, int count, boolean hasNulls) {
        this.type = type;
        this.elementOid = elementOid;
        this.elements = elements;
        this.count = count;
        this.hasNulls = hasNulls;
    }

    /** A {@code uuid[]}. */
    public static SqlArray uuids(Collection<? extends @Nullable UUID> ids) {
        int nulls = nulls(ids);
        byte[] elements = elements(ids.size(), nulls, 2 * Long.BYTES);
        ByteBuffer to = ByteBuffer.wrap(elements);
        for (UUID id : ids) {
            if (id == null) {
                to.putInt(NULL_LENGTH);
            } else {
                to.putInt(2 * Long.BYTES)
                        .putLong(id.getMostSignificantBits())
                        .putLong(id.getLeastSignificantBits());
            }
        }
        return new SqlArray("_uuid", UUID_OID, elements, ids.size(), nulls > 0);
    }

    /** A {@code timestamptz[]}; what is finer than a microsecond is cut off. */
    public static SqlArray instants(Collection<? extends @Nullable Instant> times) {
        int nulls = nulls(times);
        byte[] elements = elements(times.size(), nulls, Long.BYTES);
        ByteBuffer to = ByteBuffer.wrap(elements);
        for (Instant time : times) {
            if (time == null) {
                to.putInt(NULL_LENGTH);
            } else {
                to.putInt(Long.BYTES).putLong(ChronoUnit.MICROS.between(EPOCH, time));
            }
        }
        return new SqlArray("_timestamptz", TIMESTAMPTZ_OID, elements, times.size(), nulls > 0);
    }

    private static int nulls(Collection<? extends @Nullable Object> values) {
        int nulls = 0;
        for (Object value : values) {
            nulls += value == null ? 1 : 0;
        }
        return nulls;
    }

    private static byte[] elements(int count, int nulls, int size) {
        return new byte[count * Integer.BYTES + (count - nulls) * size];
    }

    @Override
    public int lengthInBytes() {
        return count == 0 ? HEADER - 2 * Integer.BYTES : HEADER + elements.length;
    }

    @Override
    public void toBytes(byte[] bytes, int offset) {
        ByteBuffer to = ByteBuffer.wrap(bytes, offset, lengthInBytes());
        to.putInt(count == 0 ? 0 : 1).putInt(hasNulls ? 1 : 0).putInt(elementOid);
        if (count > 0) {
            to.putInt(count).putInt(1).put(elements);
        }
    }

    @Override
    public void setByteValue(byte[] value, int offset) throws SQLException {
        throw new SQLException("an array that is a parameter cannot be read");
    }

    /** The array as text, for connections that do not transfer it in binary. */
    @Override
    public String getValue() {
        ByteBuffer from = ByteBuffer.wrap(elements);
        return IntStream.range(0, count)
                .mapToObj(i -> element(from))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String element(ByteBuffer from) {
        return switch (from.getInt()) {
            case NULL_LENGTH -> "NULL";
            case Long.BYTES -> EPOCH.plus(from.getLong(), ChronoUnit.MICROS).toString();
            default -> new UUID(from.getLong(), from.getLong()).toString();
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SqlArray array
                && elementOid == array.elementOid
                && Arrays.equals(elements, array.elements);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(elements);
    }

    @Override
    public String toString() {
        return getValue();
    }

    @Override
    public Object clone() throws CloneNotSupportedException {
        return super.clone();
    }
}
