import { Bell } from "@/features/attention/Bell";
import AccountMenu from "./AccountMenu";

/** The end of the bar: what calls for the person, and what concerns their account. Comes after the page stands. */
export default function Corner() {
  return (
    <>
      <Bell />
      <AccountMenu />
    </>
  );
}
