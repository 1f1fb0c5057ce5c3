package dev.jubilee.server.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseExceptionTest {
    /** A client is told to come again (503), not that the program is broken. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "08006", "53300", "53100", "57P01", "57P03", "40001", "40P01", "55P03", "58030",
                "25006"
            })
    void whatPassesIsTransient(String state) {
        assertThat(of(state).isTransient()).isTrue();
        assertThat(of(state).isOfValues()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"22003", "23505", "23514", "54000"})
    void whatTheValuesAreAtFaultForStaysSo(String state) {
        assertThat(of(state).isOfValues()).isTrue();
        assertThat(of(state).isTransient()).isFalse();
    }

    private static DatabaseException of(String state) {
        return new DatabaseException(new SQLException("it was refused", state));
    }
}
