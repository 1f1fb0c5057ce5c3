package dev.jubilee.events.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(RealPostgres.class)
class SqlArrayTest {
    private final TestPostgres postgres;

    SqlArrayTest(TestPostgres postgres) {
        this.postgres = postgres;
    }

    @ParameterizedTest
    @ValueSource(strings = {SqlArray.BINARY_TRANSFER, ""})
    void idsArriveAsTheyAre(String binaryTransfer) throws SQLException {
        UUID any = UUID.randomUUID();
        List<@Nullable UUID> ids = Arrays.asList(any, null, new UUID(0, 0), new UUID(-1, -1));

        assertThat(sent("SELECT * FROM unnest(?::uuid[])", SqlArray.uuids(ids), binaryTransfer))
                .containsExactly(
                        any.toString(),
                        null,
                        "00000000-0000-0000-0000-000000000000",
                        "ffffffff-ffff-ffff-ffff-ffffffffffff");
    }

    @ParameterizedTest
    @ValueSource(strings = {SqlArray.BINARY_TRANSFER, ""})
    void timesArriveToTheMicrosecondAndNullsAsNulls(String binaryTransfer) throws SQLException {
        List<@Nullable Instant> times =
                Arrays.asList(
                        Instant.parse("2026-11-21T10:00:00.123456Z"),
                        null,
                        Instant.parse("1969-12-31T23:59:59.999999Z"));

        assertThat(
                        sent(
                                "SELECT extract(epoch FROM t)::numeric FROM unnest(?::timestamptz[]) t",
                                SqlArray.instants(times),
                                binaryTransfer))
                .containsExactly("1795255200.123456", null, "-0.000001");
    }

    @ParameterizedTest
    @ValueSource(strings = {SqlArray.BINARY_TRANSFER, ""})
    void anEmptyArrayIsEmpty(String binaryTransfer) throws SQLException {
        assertThat(sent("SELECT cardinality(?::uuid[])", SqlArray.uuids(List.of()), binaryTransfer))
                .containsExactly("0");
    }

    private List<@Nullable String> sent(String sql, SqlArray array, String binaryTransfer)
            throws SQLException {
        String url = postgres.url() + "&binaryTransferEnable=" + binaryTransfer;
        List<@Nullable String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, array);
            ResultSet row = statement.executeQuery();
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }
}
